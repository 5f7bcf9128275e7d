namespace TrafficMigration.Ssh;

/// <summary>OpenSSH's patterns: <c>*</c> and <c>?</c>, and <c>!</c> before a pattern that excludes (ssh_config(5), PATTERNS).</summary>
internal static class Glob
{
    /// <summary>Whether a list of patterns fits a name: one exclusion outweighs any number of inclusions, wherever it stands.</summary>
    public static bool Matches(IEnumerable<string> patterns, string name)
    {
        bool wanted = false;
        foreach (string pattern in patterns)
        {
            if (pattern.StartsWith('!'))
            {
                if (Fits(pattern.AsSpan(1), name))
                {
                    return false;
                }
            }
            else
            {
                wanted |= Fits(pattern, name);
            }
        }

        return wanted;
    }

    /// <summary>Whether one pattern fits a name. Brackets are part of names such as <c>[host]:2222</c>.</summary>
    /// <remarks>Remembers only the last star: linear memory, no exponential time on hostile patterns.</remarks>
    public static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0;
        int star = -1;
        int resume = 0;
        for (int n = 0; n < name.Length;)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = n;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n]))
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }
}
