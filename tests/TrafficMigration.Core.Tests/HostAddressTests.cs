using CsCheck;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What New-PSSession -HostName takes, and IPv6 addresses without brackets, which it does not.</summary>
public sealed class HostAddressTests
{
    [Theory]
    [InlineData("kvm1", "kvm1", null, null)]
    [InlineData("KVM1.example", "KVM1.example", null, null)]
    [InlineData("ops@kvm1", "kvm1", "ops", null)]
    [InlineData("kvm1:2222", "kvm1", null, 2222)]
    [InlineData("kvm1:", "kvm1", null, null)]
    [InlineData("ops@kvm1:2222", "kvm1", "ops", 2222)]
    [InlineData("ops@corp.example@kvm1", "kvm1", "ops@corp.example", null)]
    [InlineData("corp\\ops@kvm1", "kvm1", "corp\\ops", null)]
    [InlineData("192.0.2.1:22", "192.0.2.1", null, 22)]
    [InlineData("::1", "::1", null, null)]
    [InlineData("ops@2001:db8::1", "2001:db8::1", "ops", null)]
    [InlineData("[2001:db8::1]", "2001:db8::1", null, null)]
    [InlineData("[::1]:22", "::1", null, 22)]
    [InlineData("ops@[fe80::1%eth0]:22", "fe80::1%eth0", "ops", 22)]
    [InlineData("kvm[12]*", "kvm[12]*", null, null)]
    public void A_host_may_come_with_user_and_port(string text, string host, string? user, int? port) =>
        Assert.Equal(new HostAddress(host, user, port), HostAddress.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("@kvm1")]
    [InlineData("ops@")]
    [InlineData(":22")]
    [InlineData("[]:22")]
    [InlineData("kvm1:0")]
    [InlineData("kvm1:65536")]
    [InlineData("kvm1:+22")]
    [InlineData("kvm1:ssh")]
    [InlineData("[::1]22")]
    [InlineData("[::1")]
    [InlineData("[::1]:22:33")]
    [InlineData("ssh://kvm1")]
    public void What_names_no_host_is_an_error(string text)
    {
        Assert.Null(HostAddress.TryParse(text));
        Assert.Equal("HostNameInvalid", Assert.Throws<MigrationException>(() => HostAddress.Parse(text)).ErrorId);
    }

    [Theory]
    [InlineData("kvm1")]
    [InlineData("2001:db8::1")]
    public void A_plain_name_stays_what_it_is(string text) => Assert.Equal(text, HostAddress.Plain("-Destination", text));

    [Theory]
    [InlineData("ops@kvm1")]
    [InlineData("kvm1:22")]
    [InlineData("[::1]")]
    public void More_than_a_name_is_refused_where_others_go_by_it(string text)
    {
        MigrationException failure = Assert.Throws<MigrationException>(() => HostAddress.Plain("-Destination", text));

        Assert.Equal("HostNameNotPlain", failure.ErrorId);
        Assert.Contains($"New-KvmHostSession {text}.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_read_or_refused() =>
        Gen.OneOf(Gen.OneOf("@", ":", "[", "]", "kvm1", "22", "/", "::1"), Gen.String[0, 3]).Array[0, 6].Sample(
            parts => HostAddress.TryParse(string.Concat(parts)) is null or { HostName.Length: > 0, UserName: not "", Port: null or (> 0 and <= 65535) });
}
