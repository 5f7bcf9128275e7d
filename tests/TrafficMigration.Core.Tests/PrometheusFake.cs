using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TrafficMigration.Prometheus;

namespace TrafficMigration.Tests;

/// <summary>A Prometheus that gives prepared answers, one a query, and remembers what it was asked.</summary>
internal sealed class PrometheusFake(params (HttpStatusCode Status, string Body)[] answers) : HttpMessageHandler
{
    public static readonly PrometheusServer Server = new() { Address = new Uri("http://mon:9090") };

    private int _next;

    public List<HttpRequestMessage> Requests { get; } = [];

    public List<string> Queries { get; } = [];

    /// <summary>Good answers.</summary>
    public static PrometheusFake Good(params string[] bodies) => new([.. bodies.Select(b => (HttpStatusCode.OK, b))]);

    /// <summary>What real Prometheus said; see Recorded/README-prometheus.md.</summary>
    public static string Recorded(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", $"prometheus-{name}.json"));

    /// <summary>An answer with these series; each is a name, labels like <c>a=b,c=d</c>, and values with their seconds.</summary>
    public static string Series(params (string Name, string Labels, (double Time, string Value)[] Values)[] series)
    {
        var result = new JsonArray();
        foreach ((string name, string labels, (double, string)[] values) in series)
        {
            var metric = new JsonObject { ["__name__"] = name };
            foreach (string label in labels.Split(','))
            {
                metric[label.Split('=')[0]] = label.Split('=', 2)[1];
            }

            var samples = new JsonArray([.. values.Select(v => (JsonNode)new JsonArray(v.Item1, v.Item2))]);
            result.Add(new JsonObject { ["metric"] = metric, ["values"] = samples });
        }

        var answer = new JsonObject
        {
            ["status"] = "success",
            ["data"] = new JsonObject { ["resultType"] = "matrix", ["result"] = result },
        };
        return answer.ToJsonString();
    }

    public async Task<PrometheusMeasurement> MeasureAsync(
        string[]? hosts = null, double seconds = 60, PrometheusServer? server = null, long limit = PrometheusClient.DefaultAnswerLimit)
    {
        using var client = new PrometheusClient(server ?? Server, this, limit);
        return await PrometheusSource.MeasureAsync(
            client, (server ?? Server).Name, hosts ?? [], TimeSpan.FromSeconds(seconds), CancellationToken.None);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add(request);
        Queries.Add(WebUtility.UrlDecode(await request.Content!.ReadAsStringAsync(cancellationToken)));
        (HttpStatusCode status, string body) = answers[_next++];
        return new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
