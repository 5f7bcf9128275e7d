using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TrafficMigration.Prometheus;

/// <summary>A value that was scraped.</summary>
/// <param name="Milliseconds">When, since 1970.</param>
/// <param name="Value">The value; may be not a number or infinite.</param>
internal readonly record struct ScrapedValue(long Milliseconds, double Value);

/// <summary>The values of one metric with one set of labels.</summary>
/// <param name="Labels">The labels without the name.</param>
/// <param name="Name">The metric's name.</param>
/// <param name="Values">Its values, oldest first.</param>
internal sealed record PrometheusSeries(string Name, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<ScrapedValue> Values)
{
    /// <summary>A label's value; <see langword="null"/> where it is absent, which to Prometheus is the same as empty.</summary>
    public string? Label(string name) => Labels.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    /// <summary>All labels in one text: equal for the metrics that an exporter gives of one thing.</summary>
    public string Identity { get; } = string.Join(
        '\n', Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => l.Key + '=' + l.Value));
}

/// <summary>A good answer of the API.</summary>
/// <param name="Series">The series.</param>
/// <param name="Warnings">What the server warns of, for example that a part of a cluster did not answer.</param>
internal sealed record PrometheusAnswer(IReadOnlyList<PrometheusSeries> Series, IReadOnlyList<string> Warnings)
{
    // DateTimeOffset ends with the year 9999.
    private const double LastSecond = 253_402_300_799;
    private const int PrintedLength = 300;

    /// <summary>Reads the answer to a query.</summary>
    /// <param name="server">The server, for the error.</param>
    /// <param name="body">JSON.</param>
    /// <exception cref="MigrationException"><c>PrometheusAnswerNotUnderstood</c>, <c>PrometheusRefused</c>.</exception>
    public static PrometheusAnswer Parse(string server, MemoryStream body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (Text(root, "status") != "success")
            {
                throw Error(root) is string said
                    ? Failures.PrometheusRefused(server, said)
                    : Failures.PrometheusAnswerNotUnderstood(server, "its JSON has no status");
            }

            return new PrometheusAnswer(
                [.. root.GetProperty("data").GetProperty("result").EnumerateArray().Select(ReadSeries)],
                root.TryGetProperty("warnings", out JsonElement warnings)
                    ? [.. warnings.EnumerateArray().Select(w => Printable(w.GetString() ?? string.Empty))]
                    : []);
        }
        catch (JsonException e)
        {
            string start = Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)Math.Min(body.Length, 60));
            throw Failures.PrometheusAnswerNotUnderstood(
                server, FormattableString.Invariant($"no whole JSON in {body.Length} bytes that begin with '{Printable(start)}' (line {e.LineNumber + 1})"));
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw Failures.PrometheusAnswerNotUnderstood(server, "its JSON is not that of a query: " + Printable(e.Message));
        }
    }

    /// <summary>The error that an answer states; <see langword="null"/> if it states none.</summary>
    public static string? ErrorIn(MemoryStream body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return Error(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Foreign text without what could drive a terminal, and not too long.</summary>
    public static string Printable(string text)
    {
        string clean = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return clean.Length <= PrintedLength ? clean : clean[..PrintedLength] + "...";
    }

    private static string? Error(JsonElement root) =>
        Text(root, "status") == "error" ? Printable($"{Text(root, "errorType")}: {Text(root, "error")}") : null;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static PrometheusSeries ReadSeries(JsonElement element)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty label in element.GetProperty("metric").EnumerateObject())
        {
            labels[label.Name] = label.Value.GetString() ?? string.Empty;
        }

        labels.Remove("__name__", out string? name);
        // A series may hold histograms instead: it has none of the values looked for.
        ScrapedValue[] values = element.TryGetProperty("values", out JsonElement many)
            ? [.. many.EnumerateArray().Select(ReadValue)]
            : element.TryGetProperty("value", out JsonElement one) ? [ReadValue(one)] : [];
        return new PrometheusSeries(name ?? string.Empty, labels, values);
    }

    private static ScrapedValue ReadValue(JsonElement pair)
    {
        if (pair.GetArrayLength() != 2)
        {
            throw new FormatException("a sample is not a pair of time and value");
        }

        double seconds = pair[0].GetDouble();
        return seconds is >= 0 and <= LastSecond
            ? new ScrapedValue((long)Math.Round(seconds * 1000), Number(pair[1].GetString() ?? string.Empty))
            : throw new FormatException("the time of a sample is not within the years 1970 to 9999");
    }

    private static double Number(string text) => text switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };
}
