using System.Management.Automation;
using System.Management.Automation.Language;

namespace TrafficMigration.Commands;

/// <summary>What completers share: names that begin as what was typed, quoted where PowerShell needs that.</summary>
internal static class CompletionResults
{
    /// <summary>The names that begin with what was typed, each once, in alphabetical order.</summary>
    /// <param name="names">The names.</param>
    /// <param name="typed">What was typed, with or without an opening quote.</param>
    public static IEnumerable<CompletionResult> Of(IEnumerable<string> names, string typed)
    {
        string begin = typed.Trim('\'', '"');
        return names
            .Where(name => name.StartsWith(begin, StringComparison.OrdinalIgnoreCase))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Order(StringComparer.OrdinalIgnoreCase)
            .Select(name => new CompletionResult(Quoted(name), name, CompletionResultType.ParameterValue, name));
    }

    /// <summary>Takes names from something that may fail or be slow: completion never says an error, it only has nothing to offer.</summary>
    public static IEnumerable<string> Safely(Func<IEnumerable<string>> names)
    {
#pragma warning disable CA1031 // whatever goes wrong here concerns nobody who presses Tab
        try
        {
            return [.. names()];
        }
        catch (Exception)
        {
            return [];
        }
#pragma warning restore CA1031
    }

    /// <summary>The open sessions of the PowerShell session in which somebody presses Tab.</summary>
    public static IEnumerable<KvmHostSession> Sessions()
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return [.. shell.AddCommand(@"TrafficMigration\Get-KvmHostSession").Invoke<KvmHostSession>()];
    }

    private static string Quoted(string name)
    {
        // A name is a word by itself where PowerShell reads it as one and as nothing else.
        bool isWord = Parser.ParseInput("x " + name, out Token[] tokens, out ParseError[] errors) is not null
            && errors.Length == 0 && tokens.Length == 3 && tokens[1].Kind is TokenKind.Generic or TokenKind.Identifier;
        return isWord && !WildcardPattern.ContainsWildcardCharacters(name) ? name : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";
    }
}
