using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>Takes bytes as they arrive and hands out lines of UTF-8 text.</summary>
/// <remarks>One side appends, one side reads; neither blocks the other.</remarks>
/// <param name="longestLine">No line may have more bytes.</param>
/// <param name="mostUnread">
/// No more bytes may wait: SSH.NET takes all that the host sends, so that a reader that stops reading stops no host.
/// </param>
internal sealed class LineBuffer(int longestLine, int mostUnread)
{
    /// <summary>One long answer must not leave its room behind on each of hundreds of hosts.</summary>
    private const int KeptRoom = 8 * 1024;

    private const int FirstRoom = 4 * 1024;

    private readonly object _gate = new();
    private byte[] _bytes = [];
    private int _start;
    private int _searched;
    private int _end;
    private int _lastLine;
    private bool _completed;
    private Func<Exception>? _failure;
    private TaskCompletionSource? _news;

    /// <summary>Adds bytes; those that come after the end are dropped.</summary>
    /// <returns>What is wrong with the amount, or <see langword="null"/>.</returns>
    public string? Append(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_completed)
            {
                return null;
            }

            int lineBreak = bytes.LastIndexOf((byte)'\n');
            _lastLine = lineBreak < 0 ? _lastLine + bytes.Length : bytes.Length - lineBreak - 1;
            if (_lastLine > longestLine)
            {
                return $"a line is longer than {longestLine} bytes.";
            }

            if (_end - _start + (long)bytes.Length > mostUnread)
            {
                return $"more than {mostUnread} bytes came before they were read.";
            }

            MakeRoom(bytes.Length);
            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
            if (lineBreak >= 0)
            {
                Tell();
            }

            return null;
        }
    }

    /// <summary>Nothing more comes. What has come is read first, a last line without a line break too.</summary>
    public void Complete() => End(null, keepLines: true);

    /// <summary>Nothing more comes, which is an error. Whole lines are read before it.</summary>
    public void Fail(Func<Exception> failure) => End(failure, keepLines: true);

    /// <summary>Nothing more comes, and nothing more is read.</summary>
    public void Abandon(Func<Exception> failure) => End(failure, keepLines: false);

    /// <summary>Waits for a line.</summary>
    /// <returns>The line without its line break; <see langword="null"/> at the end.</returns>
    public async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task news;
            lock (_gate)
            {
                if (TryTake(out string? line))
                {
                    return line;
                }

                _news ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                news = _news.Task;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    private bool TryTake(out string? line)
    {
        int lineBreak = _bytes.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
        if (lineBreak >= 0)
        {
            line = Take(_searched + lineBreak, 1);
            return true;
        }

        _searched = _end;
        line = null;
        if (!_completed)
        {
            return false;
        }

        if (_failure is not null)
        {
            throw _failure();
        }

        if (_start < _end)
        {
            line = Take(_end, 0);
        }

        return true;
    }

    private string Take(int end, int lineBreak)
    {
        string line = Encoding.UTF8.GetString(_bytes, _start, end - _start);
        _start = _searched = end + lineBreak;
        if (_start == _end)
        {
            Clear();
        }

        return line;
    }

    private void Clear()
    {
        _start = _searched = _end = 0;
        if (_bytes.Length > KeptRoom || _completed)
        {
            _bytes = [];
        }
    }

    private void MakeRoom(int more)
    {
        if (_bytes.Length - _end >= more)
        {
            return;
        }

        int unread = _end - _start;
        byte[] room = _bytes.Length - unread >= more && unread <= _start
            ? _bytes
            : new byte[Math.Max(Math.Max(unread + more, FirstRoom), Math.Min(unread * 2L, mostUnread))];
        Buffer.BlockCopy(_bytes, _start, room, 0, unread);
        _bytes = room;
        _searched -= _start;
        _start = 0;
        _end = unread;
    }

    private void End(Func<Exception>? failure, bool keepLines)
    {
        lock (_gate)
        {
            if (_completed && keepLines)
            {
                return;
            }

            _completed = true;
            _failure = failure;
            if (!keepLines)
            {
                Clear();
            }

            Tell();
        }
    }

    private void Tell()
    {
        _news?.SetResult();
        _news = null;
    }
}
