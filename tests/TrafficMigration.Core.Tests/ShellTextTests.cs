using System.Diagnostics;
using CsCheck;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class ShellTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("two words")]
    [InlineData("it's")]
    [InlineData("\"; reboot; \"")]
    [InlineData("$(reboot) `reboot` ${HOME} !! \\")]
    [InlineData("line\nbreak\t*?[a]~")]
    [InlineData("über 虚拟机")]
    [InlineData("-rf")]
    public async Task A_real_shell_reads_the_value_back_unchanged(string value) =>
        Assert.Equal(value, await ThroughShell(value));

    [Fact]
    public void Whatever_the_value_it_is_one_word() =>
        Gen.Char["ab '\"$(`;\\\n&|<>*?!#~{}ü"].Array[0, 12].Select(letters => new string(letters))
            .Sample(value => ThroughShell(value).GetAwaiter().GetResult() == value, iter: 100, threads: 1);

    [Fact]
    public void A_NUL_is_refused() => Assert.Throws<ArgumentException>(() => ShellText.Quote("a\0b"));

    private static async Task<string> ThroughShell(string value)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"printf %s {ShellText.Quote(value)}"])
        {
            RedirectStandardOutput = true,
        })!;
        string said = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        return said;
    }
}
