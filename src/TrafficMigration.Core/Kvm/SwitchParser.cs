using System.Text.Json;

namespace TrafficMigration.Kvm;

/// <summary>Reads Open vSwitch's tables as <c>ovs-vsctl -f json list</c> prints them (ovs-vsctl(8), RFC 7047 section 5.1).</summary>
internal static class SwitchParser
{
    /// <summary>The bridges with the names of their interfaces.</summary>
    /// <param name="tables">The tables Bridge, Port and Interface, a line each.</param>
    public static IReadOnlyList<SwitchFacts> Switches(IReadOnlyList<string> tables)
    {
        if (tables.Count < 3)
        {
            return []; // ovs-vsctl is installed, but its daemon does not run
        }

        List<Row> interfaces = Rows(tables[2]);
        Dictionary<string, Row> interfaceById = interfaces.ToDictionary(r => r.Id("_uuid"), StringComparer.Ordinal);
        Dictionary<string, Row> portById = Rows(tables[1]).ToDictionary(r => r.Id("_uuid"), StringComparer.Ordinal);
        return [.. Rows(tables[0]).Select(bridge =>
        {
            Row[] ports = [.. bridge.Ids("ports")
                .SelectMany(id => portById.TryGetValue(id, out Row? port) ? port.Ids("interfaces") : [])
                .Select(id => interfaceById.GetValueOrDefault(id)).OfType<Row>()];
            return new SwitchFacts(
                bridge.Text("name"),
                [.. ports.Select(p => p.Text("name"))],
                [.. ports.Where(p => p.Text("type") == "patch").Select(p => p.Option("options", "peer")).OfType<string>()]);
        })];
    }

    private static List<Row> Rows(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        JsonElement table = document.RootElement.Clone();
        string[] headings = [.. table.GetProperty("headings").EnumerateArray().Select(h => h.GetString()!)];
        return [.. table.GetProperty("data").EnumerateArray().Select(row => new Row(
            headings.Zip(row.EnumerateArray()).ToDictionary(c => c.First, c => c.Second, StringComparer.Ordinal)))];
    }

    private sealed class Row(Dictionary<string, JsonElement> cells)
    {
        public string Text(string column) => cells[column].ValueKind == JsonValueKind.String ? cells[column].GetString()! : "";

        public string Id(string column) => Of(cells[column], 1).GetString()!;

        /// <remarks>One reference is <c>["uuid", ID]</c>, several are <c>["set", [["uuid", ID], ...]]</c>.</remarks>
        public string[] Ids(string column) => Of(cells[column], 0).GetString() == "set"
            ? [.. Of(cells[column], 1).EnumerateArray().Select(e => Of(e, 1).GetString()!)]
            : [Id(column)];

        /// <remarks>A map is <c>["map", [[KEY, VALUE], ...]]</c>.</remarks>
        public string? Option(string column, string key) => Of(cells[column], 1).EnumerateArray()
            .Where(p => Of(p, 0).GetString() == key).Select(p => Of(p, 1).GetString()).FirstOrDefault();

        private static JsonElement Of(JsonElement pair, int index) => pair.GetArrayLength() == 2
            ? pair[index]
            : throw new FormatException($"'{pair.GetRawText()}' of Open vSwitch is no pair");
    }
}
