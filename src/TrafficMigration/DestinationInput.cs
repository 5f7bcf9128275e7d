using System.Globalization;
using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>Reads a destination that was given as an object: from Get-, from a CSV or JSON file, or built by hand.</summary>
internal static class DestinationInput
{
    /// <returns>The host's traffic, or <see langword="null"/> where a plain name was given.</returns>
    /// <exception cref="MigrationException"><c>NameMissing</c>, <c>RateInvalid</c>, <c>HostNameNotPlain</c>, <c>HostNameInvalid</c>.</exception>
    public static HostTraffic? Read(PSObject given)
    {
        switch (given.BaseObject)
        {
            case string plain:
                HostAddress.Plain("-Destination", plain);
                return null;
            case HostTraffic traffic:
                return traffic;
        }

        string name = HostAddress.Plain("-Destination", Text(given, nameof(HostTraffic.HostName)) ?? throw Failures.NameMissing(nameof(HostTraffic.HostName)));
        return new HostTraffic
        {
            HostName = name,
            BackgroundTxBitsPerSecond = Figure(given, name, nameof(HostTraffic.BackgroundTxBitsPerSecond)) ?? 0,
            BackgroundRxBitsPerSecond = Figure(given, name, nameof(HostTraffic.BackgroundRxBitsPerSecond)) ?? 0,
            LinkBitsPerSecond = Figure(given, name, nameof(HostTraffic.LinkBitsPerSecond)),
            FreeMemoryBytes = Figure(given, name, nameof(HostTraffic.FreeMemoryBytes)),
            CpuCount = (int?)Figure(given, name, nameof(HostTraffic.CpuCount), int.MaxValue),
            IdleCpuCount = Number(given, name, nameof(HostTraffic.IdleCpuCount), int.MaxValue),
            VCpuCount = (int?)Figure(given, name, nameof(HostTraffic.VCpuCount), int.MaxValue),
            FreeVCpuCount = (int?)Figure(given, name, nameof(HostTraffic.FreeVCpuCount), int.MaxValue),
            MigrationAddress = Text(given, nameof(HostTraffic.MigrationAddress)),
            Saturated = bool.TryParse(Text(given, nameof(HostTraffic.Saturated)), out bool full) ? full : null,
            Compression = Enum.TryParse(Text(given, nameof(HostTraffic.Compression)), ignoreCase: true, out MemoryCompression compression) ? compression : null,
            PostCopyCapable = bool.TryParse(Text(given, nameof(HostTraffic.PostCopyCapable)), out bool capable) ? capable : null,
        };
    }

    private static string? Text(PSObject given, string property) =>
        given.Properties[property]?.Value?.ToString() is { Length: > 0 } text ? text : null;

    private static long? Figure(PSObject given, string host, string property, double most = 1e18) =>
        Number(given, host, property, most) is { } figure ? (long)Math.Round(figure) : null;

    private static double? Number(PSObject given, string host, string property, double most)
    {
        object? value = given.Properties[property]?.Value;
        if (value is null || (value is string text && string.IsNullOrWhiteSpace(text)))
        {
            return null;
        }

        return LanguagePrimitives.TryConvertTo(value, CultureInfo.InvariantCulture, out double figure)
            && figure is >= 0 && figure <= most
            ? figure
            : throw Failures.HostFigureInvalid(host, property, value.ToString() ?? "");
    }
}
