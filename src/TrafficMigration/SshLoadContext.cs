using System.Reflection;
using System.Runtime.Loader;
using TrafficMigration.Kvm;

namespace TrafficMigration.Commands;

/// <summary>
/// The private load context of the SSH room and its third-party libraries, so that another module's copy of them, in
/// whatever version, never collides with ours.
/// </summary>
internal sealed class SshLoadContext : AssemblyLoadContext
{
    private readonly AssemblyDependencyResolver _resolver;

    private SshLoadContext(string assemblyPath)
        : base("TrafficMigration.Ssh")
    {
        _resolver = new AssemblyDependencyResolver(assemblyPath);
    }

    /// <summary>Loads the SSH room at first use: it costs more than the rest of the module together.</summary>
    public static IHostConnector CreateConnector()
    {
        string folder = Path.GetDirectoryName(typeof(SshLoadContext).Assembly.Location)!;
        string path = Path.Combine(folder, "Ssh", "TrafficMigration.Ssh.dll");

        // One context for the process, found again by its name: each further copy would load SSH.NET once more.
        AssemblyLoadContext context =
            All.FirstOrDefault(c => c.Name == "TrafficMigration.Ssh" && c.Assemblies.Any(a => a.Location == path))
            ?? new SshLoadContext(path);
        Assembly assembly = context.LoadFromAssemblyPath(path);
        return (IHostConnector)Activator.CreateInstance(assembly.GetType("TrafficMigration.Ssh.SshHostConnector", throwOnError: true)!)!;
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // Core is the contract between both sides: it must be the one that the cmdlets use.
        Assembly core = typeof(ICommandChannel).Assembly;
        if (assemblyName.Name == core.GetName().Name)
        {
            return core;
        }

        string? path = _resolver.ResolveAssemblyToPath(assemblyName);
        return path is null ? null : LoadFromAssemblyPath(path);
    }
}
