namespace TrafficMigration.Tests;

/// <summary>A real ssh-agent, for as long as this is not disposed.</summary>
internal sealed class Agent : IDisposable
{
    private readonly System.Diagnostics.Process _process;

    public Agent(string address)
    {
        Address = address;
        _process = Tool.Start("ssh-agent", "-D", "-a", address);
        // It says its address once it listens there.
        _process.StandardOutput.ReadLine();
    }

    public string Address { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
