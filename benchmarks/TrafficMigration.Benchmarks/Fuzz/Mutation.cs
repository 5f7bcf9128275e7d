using System.Globalization;

namespace TrafficMigration.Benchmarks.Fuzz;

/// <summary>Damages an answer as lines that are lost, cut, mixed up or wrong would.</summary>
internal static class Mutation
{
    private static readonly string[] Nasty =
    [
        "", "-1", "0", "18446744073709551615", "18446744073709551616", "9223372036854775808", "1e308", "NaN", "\0", "@end", "@sample 1 2",
        "@counted 1 2", "@facts", " status 1", "</domain>", "<domain type='kvm'>", "{", "]", "\"", "'", ":", "é", "\ud83d", "error: x", "nan nan",
    ];

    /// <summary>A damaged copy: one to four damages.</summary>
    public static string[] Of(string[] lines, Random random)
    {
        var damaged = new List<string>(lines);
        for (int n = random.Next(1, 5); n > 0 && damaged.Count > 0; n--)
        {
            Damage(damaged, random);
        }

        return [.. damaged];
    }

    private static void Damage(List<string> lines, Random random)
    {
        int at = random.Next(lines.Count);
        string line = lines[at];
        switch (random.Next(9))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(at, lines[random.Next(lines.Count)]);
                break;
            case 2:
                lines.RemoveRange(at, random.Next(lines.Count - at) + 1);
                break;
            case 3:
                lines[at] = line[..random.Next(line.Length + 1)];
                break;
            case 4:
                lines[at] = Insert(line, Nasty[random.Next(Nasty.Length)], random);
                break;
            case 5:
                lines[at] = Nasty[random.Next(Nasty.Length)];
                break;
            case 6 when line.Length > 0:
                char[] letters = line.ToCharArray();
                letters[random.Next(letters.Length)] = (char)random.Next(0x20, 0x250);
                lines[at] = new string(letters);
                break;
            case 7:
                lines[at] = ReplaceNumber(line, random);
                break;
            default:
                int other = random.Next(lines.Count);
                (lines[at], lines[other]) = (lines[other], lines[at]);
                break;
        }
    }

    private static string Insert(string line, string text, Random random) => line.Insert(random.Next(line.Length + 1), text);

    private static string ReplaceNumber(string line, Random random)
    {
        int start = line.AsSpan().IndexOfAnyInRange('0', '9');
        if (start < 0)
        {
            return line;
        }

        int end = start;
        while (end < line.Length && char.IsAsciiDigit(line[end]))
        {
            end++;
        }

        string number = random.Next(3) switch
        {
            0 => Nasty[random.Next(Nasty.Length)],
            1 => random.NextInt64(long.MaxValue).ToString(CultureInfo.InvariantCulture),
            _ => random.Next(100).ToString(CultureInfo.InvariantCulture),
        };
        return string.Concat(line.AsSpan(0, start), number, line.AsSpan(end));
    }
}
