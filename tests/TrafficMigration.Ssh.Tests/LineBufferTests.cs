using System.Text;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class LineBufferTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_cut_of_a_text_gives_its_lines()
    {
        string[] lines = ["eins", "", "zwei 🚚", new string('ß', 50_000), "drei"];
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        var random = new Random(1);
        for (int run = 0; run < 50; run++)
        {
            var buffer = new LineBuffer(1 << 20, 1 << 22);
            Task<List<string>> reading = Task.Run(() => ReadToEndAsync(buffer), Token);
            for (int at = 0; at < text.Length;)
            {
                int count = Math.Min(random.Next(1, 30_000), text.Length - at);
                Assert.Null(buffer.Append(text.AsSpan(at, count)));
                at += count;
            }

            buffer.Complete();
            Assert.Equal(lines, await reading);
        }
    }

    [Fact]
    public async Task Whole_lines_are_read_before_a_failure_and_a_part_is_not()
    {
        var buffer = new LineBuffer(100, 100);
        Assert.Null(buffer.Append("one\ntw"u8));
        buffer.Fail(() => new TimeoutException());

        Assert.Equal("one", await buffer.ReadAsync(Token));
        await Assert.ThrowsAsync<TimeoutException>(() => buffer.ReadAsync(Token).AsTask());
        Assert.Null(buffer.Append("late\n"u8));
    }

    [Fact]
    public void Too_much_is_told()
    {
        var buffer = new LineBuffer(10, 30);
        Assert.Null(buffer.Append("0123456789\n"u8));
        Assert.Null(buffer.Append("01234567"u8));
        Assert.Contains("a line is longer than 10", buffer.Append("890"u8), StringComparison.Ordinal);
        Assert.Null(buffer.Append("\n"u8));
        Assert.Contains("more than 30", buffer.Append("01234567\n012345678\n"u8), StringComparison.Ordinal);
    }

    private static async Task<List<string>> ReadToEndAsync(LineBuffer buffer)
    {
        var lines = new List<string>();
        while (await buffer.ReadAsync(Token) is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }
}
