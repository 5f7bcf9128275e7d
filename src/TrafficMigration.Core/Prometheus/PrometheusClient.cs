using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace TrafficMigration.Prometheus;

/// <summary>Asks one Prometheus server by its HTTP API.</summary>
internal sealed class PrometheusClient : IDisposable
{
    /// <summary>Far above what a few thousand VMs need; below what a mistaken window over years would bring.</summary>
    public const long DefaultAnswerLimit = 256L << 20;

    private readonly PrometheusServer _server;
    private readonly Uri _address;
    private readonly HttpClient _client;
    private readonly long _answerLimit;

    /// <param name="server">The server.</param>
    /// <param name="handler">What sends the requests. Disposed with the client.</param>
    /// <param name="answerLimit">Longest answer that is read, bytes.</param>
    /// <exception cref="MigrationException"><c>PrometheusUriInvalid</c>.</exception>
    public PrometheusClient(PrometheusServer server, HttpMessageHandler handler, long answerLimit = DefaultAnswerLimit)
    {
        _server = server;
        _address = server.QueryAddress();
        _answerLimit = answerLimit;
        // The limit here is on silence, not on the whole: a long answer that flows is not cut off.
        _client = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>What sends requests over the network.</summary>
    /// <remarks>A redirect would carry the login, or the question, to a host that nobody named: none is followed.</remarks>
    public static SocketsHttpHandler NetworkHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
    };

    /// <summary>Evaluates an expression at one moment.</summary>
    /// <param name="expression">PromQL.</param>
    /// <param name="time">The moment, seconds since 1970 by the server's clock; now if <see langword="null"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MigrationException">
    /// <c>PrometheusUnreachable</c>, <c>PrometheusNotTrusted</c>, <c>PrometheusTimeout</c>, <c>PrometheusAccessDenied</c>,
    /// <c>PrometheusRefused</c>, <c>PrometheusAnswerTooLarge</c>, <c>PrometheusAnswerNotUnderstood</c>.
    /// </exception>
    public async Task<PrometheusAnswer> QueryAsync(string expression, double? time, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(_server.Timeout);
        try
        {
            using HttpRequestMessage request = Request(expression, time);
            using HttpResponseMessage response =
                await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token);
            using MemoryStream body = await ReadAsync(response, silence);
            return response.IsSuccessStatusCode ? PrometheusAnswer.Parse(_server.Name, body) : throw Refusal(response, body);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failures.PrometheusTimeout(_server.Name, _server.Timeout, e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw Failures.PrometheusNotTrusted(_server.Name, Innermost(e), e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Failures.PrometheusUnreachable(_server.Name, Innermost(e), e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static string Innermost(Exception e) => PrometheusAnswer.Printable(e.GetBaseException().Message);

    /// <remarks>By POST: the names of many hosts do not fit into an address.</remarks>
    private HttpRequestMessage Request(string expression, double? time)
    {
        var fields = new Dictionary<string, string> { ["query"] = expression };
        if (time is double moment)
        {
            fields["time"] = moment.ToString("0.000", CultureInfo.InvariantCulture);
        }

        var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new FormUrlEncodedContent(fields) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (_server.Credential is { } credential)
        {
            string pair = $"{credential.UserName}:{credential.Password}";
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }

        return request;
    }

    private async Task<MemoryStream> ReadAsync(HttpResponseMessage response, CancellationTokenSource silence)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(silence.Token);
        var body = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, silence.Token)) > 0)
        {
            if (body.Length + count > _answerLimit)
            {
                throw Failures.PrometheusAnswerTooLarge(_server.Name, _answerLimit);
            }

            await body.WriteAsync(buffer.AsMemory(0, count), silence.Token);
            silence.CancelAfter(_server.Timeout);
        }

        body.Position = 0;
        return body;
    }

    private MigrationException Refusal(HttpResponseMessage response, MemoryStream body)
    {
        string said = FormattableString.Invariant($"HTTP {(int)response.StatusCode} {response.ReasonPhrase}");
        if (PrometheusAnswer.ErrorIn(body) is string error)
        {
            said += ", " + error;
        }
        else if (response.Headers.Location is { } location)
        {
            // Its query may hold a token.
            said += " to " + location.OriginalString.Split('?')[0];
        }

        said = PrometheusAnswer.Printable(said);
        return response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? Failures.PrometheusAccessDenied(_server.Name, said, _server.Credential?.UserName)
            : Failures.PrometheusRefused(_server.Name, said);
    }
}
