using System.Diagnostics;

namespace TrafficMigration.Tests;

/// <summary>Runs a program of the machine to its end.</summary>
internal static class Tool
{
    public static string Run(string program, params string[] arguments) => Finish(Start(program, arguments), program, arguments);

    /// <summary>Runs a program with a variable in its environment.</summary>
    public static string RunWith(string variable, string value, string program, params string[] arguments) =>
        Finish(Start(program, arguments, (variable, value)), program, arguments);

    private static string Finish(Process started, string program, string[] arguments)
    {
        using Process process = started;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)) || process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed: {errors.Result}");
        }

        return output;
    }

    public static Process Start(string program, params string[] arguments) => Start(program, arguments, null);

    private static Process Start(string program, string[] arguments, (string Name, string Value)? variable)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (variable is var (name, value))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
    }

    /// <summary>Makes an OpenSSH key pair without asking anything.</summary>
    public static void MakeKey(string path, string type = "ed25519", string passphrase = "") =>
        Run("ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path);
}
