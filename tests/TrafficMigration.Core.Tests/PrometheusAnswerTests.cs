using System.Net;
using TrafficMigration.Prometheus;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class PrometheusAnswerTests
{
    [Fact]
    public async Task The_window_ends_at_the_moment_for_which_the_server_said_what_runs()
    {
        using var fake = PrometheusFake.Good(PrometheusFake.Recorded("now"), PrometheusFake.Recorded("window"));
        await fake.MeasureAsync(seconds: 12);

        Assert.Equal("http://mon:9090/api/v1/query", fake.Requests[0].RequestUri!.ToString());
        Assert.Contains("[12000ms]", fake.Queries[1], StringComparison.Ordinal);
        Assert.Contains("time=1795595655.323", fake.Queries[1], StringComparison.Ordinal);
        Assert.Null(fake.Requests[0].Headers.Authorization);
    }

    [Fact]
    public async Task Names_of_hosts_enter_the_query_to_the_letter()
    {
        using var fake = PrometheusFake.Good(PrometheusFake.Recorded("empty"));
        await fake.MeasureAsync(["kvm-1.example", "a\"} or up{x=\"|.*", "2001:db8::1"]);

        Assert.Contains(
            """instance=~"(?i)\\[?(?:kvm\\-1\\.example|a\\\"\\} or up\\{x\\=\\\"\\|\\.\\*|2001\\:db8\\:\\:1)\\]?(?::[0-9]+)?"}""",
            fake.Queries[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_is_called_as_the_user_did_and_each_that_is_missing_is_a_problem_of_its_own()
    {
        using var fake = PrometheusFake.Good(PrometheusFake.Recorded("now"), PrometheusFake.Recorded("window"));
        PrometheusMeasurement measured = await fake.MeasureAsync(["KVM-A", "kvm-z", "kvm-a"]);

        Assert.All(measured.VirtualMachines, v => Assert.Equal("KVM-A", v.HostName));
        Assert.Equal(2, measured.VirtualMachines.Count);
        MigrationException problem = Assert.Single(measured.Problems);
        Assert.Equal(("PrometheusNoData", "kvm-z"), (problem.ErrorId, problem.HostName));
    }

    [Fact]
    public async Task No_exporter_at_all_is_an_error()
    {
        using var fake = PrometheusFake.Good(PrometheusFake.Recorded("empty"));
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => fake.MeasureAsync());
        Assert.Equal("PrometheusNoData", e.ErrorId);
        Assert.Contains("http://mon:9090", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_whose_libvirt_is_down_and_one_scraped_once_are_problems_and_not_hosts_without_VMs()
    {
        string once = "domain=vm,instance=two,target_device=vnet0";
        string answer = PrometheusFake.Series(
            (ExporterMetrics.Up, "instance=one", [(5, "0")]),
            (ExporterMetrics.TransmitBytes, once, [(5, "1")]), (ExporterMetrics.ReceiveBytes, once, [(5, "1")]));
        using var fake = PrometheusFake.Good(answer, answer);
        PrometheusMeasurement measured = await fake.MeasureAsync();

        Assert.Empty(measured.VirtualMachines);
        Assert.Equal(
            [("LibvirtUnavailable", "one"), ("PrometheusWindowTooShort", "two")],
            measured.Problems.Select(p => (p.ErrorId, p.HostName!)));
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest, "PrometheusRefused", "unclosed left parenthesis")]
    [InlineData(HttpStatusCode.OK, "PrometheusRefused", "bad_data")]
    [InlineData(HttpStatusCode.Unauthorized, "PrometheusAccessDenied", "HTTP 401")]
    public async Task What_the_server_says_is_in_the_error(HttpStatusCode status, string errorId, string said)
    {
        using var fake = new PrometheusFake((status, PrometheusFake.Recorded("error")));
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => fake.MeasureAsync());
        Assert.Equal(errorId, e.ErrorId);
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!DOCTYPE html>\u001b[31m<html>")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"status":"success"}""")]
    [InlineData("""{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}""")]
    [InlineData("""{"status":"success","data":{"result":[{"metric":{"__name__":"libvirt_up"},"value":["x","1"]}]}}""")]
    [InlineData("""{"status":"success","data":{"result":[{"metric":{"__name__":"libvirt_up"},"value":[1,"one"]}]}}""")]
    [InlineData("""{"status":"success","data":{"result":[{"metric":{"__name__":"libvirt_up"},"value":[1e300,"1"]}]}}""")]
    [InlineData("""{"status":"success","data":{"result":[{"metric":{"__name__":"libvirt_up"},"value":[1]}]}}""")]
    public async Task Other_things_than_an_answer_are_called_that(string body)
    {
        using var fake = PrometheusFake.Good(body);
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => fake.MeasureAsync());
        Assert.Equal("PrometheusAnswerNotUnderstood", e.ErrorId);
        Assert.DoesNotContain('\u001b', e.Message);
    }

    [Fact]
    public async Task An_answer_cut_off_anywhere_is_never_taken_for_a_whole_one()
    {
        string whole = PrometheusFake.Recorded("window");
        for (int length = 0; length < whole.TrimEnd().Length; length += 97)
        {
            using var fake = PrometheusFake.Good(PrometheusFake.Recorded("now"), whole[..length]);
            MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => fake.MeasureAsync());
            Assert.Equal("PrometheusAnswerNotUnderstood", e.ErrorId);
        }
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_its_end()
    {
        using var fake = PrometheusFake.Good(new string(' ', 3 << 20));
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => fake.MeasureAsync(limit: 2 << 20));
        Assert.Equal("PrometheusAnswerTooLarge", e.ErrorId);
        Assert.Contains("2 MiB", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_hosts_and_samples_are_read()
    {
        (double, string)[] values = [.. Enumerable.Range(0, 240).Select(i => ((double)i, $"{i * 1000L}"))];
        string answer = PrometheusFake.Series([.. Enumerable.Range(0, 400).SelectMany(i => new[] { ExporterMetrics.TransmitBytes, ExporterMetrics.ReceiveBytes }
            .Select(name => (name, $"domain=vm{i},instance=kvm{i % 100}:9177,target_device=vnet{i}", values)))]);
        using var fake = PrometheusFake.Good(answer, answer);

        PrometheusMeasurement measured = await fake.MeasureAsync();
        Assert.Equal(400, measured.VirtualMachines.Count(v => v is { TxBitsPerSecond: 8000, SampleCount: 239 }));
    }

    [Fact]
    public async Task Warnings_of_the_server_are_passed_on()
    {
        string warned = PrometheusFake.Recorded("now").Replace(
            "\"status\":\"success\"", "\"status\":\"success\",\"warnings\":[\"store is\\u0007 down\"]", StringComparison.Ordinal);
        using var fake = PrometheusFake.Good(warned, PrometheusFake.Recorded("window"));
        Assert.Equal(["store is  down"], (await fake.MeasureAsync()).Warnings);
    }

    [Theory]
    [InlineData("ftp://mon")]
    [InlineData("mon")]
    [InlineData("http://user:secret@mon:9090")]
    [InlineData("http://mon:9090?token=secret")]
    public async Task An_address_that_cannot_be_used_is_refused_without_showing_it(string address)
    {
        using PrometheusFake fake = PrometheusFake.Good();
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(
            () => PrometheusSource.MeasureAsync(
                new PrometheusServer { Address = new Uri(address, UriKind.RelativeOrAbsolute) }, [], TimeSpan.FromSeconds(5), CancellationToken.None));
        Assert.Equal("PrometheusUriInvalid", e.ErrorId);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_login_goes_by_basic_authentication_and_into_no_error()
    {
        var server = new PrometheusServer
        {
            Address = new Uri("https://mon/prometheus/"),
            Credential = new NetworkCredential("DOMAIN\\operator", "s3cret"),
        };
        using var fake = new PrometheusFake((HttpStatusCode.Forbidden, "no"));
        MigrationException e = await Assert.ThrowsAsync<MigrationException>(() => fake.MeasureAsync(server: server));

        Assert.Equal("https://mon/prometheus/api/v1/query", fake.Requests[0].RequestUri!.ToString());
        Assert.Equal("Basic", fake.Requests[0].Headers.Authorization!.Scheme);
        Assert.Equal("DOMAIN\\operator:s3cret", System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(fake.Requests[0].Headers.Authorization!.Parameter!)));
        Assert.Contains("DOMAIN\\operator", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }
}
