using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TrafficMigration.Tests;

/// <summary>Judges manifests as the API server does: by the recorded schemas of the CRDs, and strictly.</summary>
internal static class KubeVirtSchema
{
    private static readonly JsonObject Recorded = Closed(JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", "kubevirt-crds.json")))!.AsObject());

    private static readonly Dictionary<string, JsonSchema> Schemas = new[] { "VirtualMachineInstanceMigration", "MigrationPolicy" }.ToDictionary(k => k, Schema);

    /// <summary>What is wrong with a manifest; nothing when all is well.</summary>
    public static IReadOnlyList<string> Problems(JsonNode manifest)
    {
        if (manifest["kind"]?.GetValue<string>() is not { } kind || !Schemas.TryGetValue(kind, out JsonSchema? schema))
        {
            return ["it is of no kind that KubeVirt has"];
        }

        EvaluationResults results = schema.Evaluate(manifest.Deserialize<JsonElement>(), new EvaluationOptions { OutputFormat = OutputFormat.List });
        return results.IsValid ? [] : [.. (results.Details ?? []).Where(d => d.Errors is { Count: > 0 }).Select(d => $"{d.InstanceLocation}: {string.Join("; ", d.Errors!.Values)}")];
    }

    /// <summary>A manifest as the values that kubectl makes of it: what stands in quotes is a string.</summary>
    public static JsonNode Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, (JsonNode?)Json(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.DoubleQuoted } text => JsonValue.Create(text.Value!),
        YamlScalarNode { Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
        YamlScalarNode number => JsonValue.Create(long.Parse(number.Value!, System.Globalization.CultureInfo.InvariantCulture)),
        _ => throw new FormatException($"'{node}' is no part of a manifest."),
    };

    private static JsonSchema Schema(string kind)
    {
        var schema = (JsonObject)Recorded[kind]!.DeepClone();
        schema["properties"]!["metadata"] = Recorded["ObjectMeta"]!.DeepClone();
        return JsonSchema.FromText(schema.ToJsonString());
    }

    /// <summary>Every object with known properties takes no others.</summary>
    private static JsonObject Closed(JsonObject schema)
    {
        foreach (JsonObject part in schema.Select(p => p.Value).OfType<JsonObject>())
        {
            Closed(part);
        }

        if (schema["properties"] is JsonObject && schema["type"]?.GetValueKind() == JsonValueKind.String)
        {
            schema["additionalProperties"] = false;
        }

        return schema;
    }
}
