using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>A running ssh-agent, which signs with keys that it does not give away.</summary>
/// <remarks>The protocol is draft-ietf-sshm-ssh-agent: a message is a length and its bytes, the first of them its kind.</remarks>
/// <param name="address">Its socket, or on Windows its pipe.</param>
internal sealed class SshAgent(string address)
{
    private const byte RequestIdentities = 11;
    private const byte Identities = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;

    // An agent may ask its user before it signs; one that hangs must not hold a thread for ever.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    // OpenSSH's own bounds for an agent's answer.
    private const int MostBytes = 256 * 1024;
    private const int MostIdentities = 2048;

    /// <summary>The address of the agent that the environment names; <see langword="null"/> if there is none.</summary>
    public static string? EnvironmentAddress =>
        Environment.GetEnvironmentVariable("SSH_AUTH_SOCK") is { Length: > 0 } named ? named
        : OperatingSystem.IsWindows() ? @"\\.\pipe\openssh-ssh-agent" : null;

    /// <summary>Asks which keys the agent has.</summary>
    /// <returns>The keys in the agent's order.</returns>
    /// <exception cref="IOException">There is no agent, or what it says is damaged.</exception>
    public ImmutableArray<SshAgentKey> Keys()
    {
        var answer = new Reader(Ask([RequestIdentities], Identities));
        uint count = answer.Number();
        if (count > MostIdentities)
        {
            throw new IOException($"the agent says that it has {count} keys");
        }

        var keys = ImmutableArray.CreateBuilder<SshAgentKey>();
        for (uint i = 0; i < count; i++)
        {
            byte[] blob = answer.Bytes();
            keys.Add(new SshAgentKey(this, blob, Encoding.UTF8.GetString(answer.Bytes())));
        }

        return keys.ToImmutable();
    }

    /// <summary>Has something signed.</summary>
    /// <param name="key">The public key, or certificate, as it travels on the wire.</param>
    /// <param name="data">What to sign.</param>
    /// <param name="flags">For RSA keys: 2 for SHA-256, 4 for SHA-512; otherwise 0.</param>
    /// <returns>The signature with the name of its algorithm, as it travels on the wire.</returns>
    /// <exception cref="IOException">The agent has gone, or will not.</exception>
    public byte[] Sign(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, uint flags)
    {
        byte[] request = new byte[1 + 4 + key.Length + 4 + data.Length + 4];
        request[0] = SignRequest;
        Span<byte> rest = Put(Put(request.AsSpan(1), key), data);
        BinaryPrimitives.WriteUInt32BigEndian(rest, flags);
        return new Reader(Ask(request, SignResponse)).Bytes();
    }

    private static Span<byte> Put(Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, bytes.Length);
        bytes.CopyTo(target[4..]);
        return target[(4 + bytes.Length)..];
    }

    /// <summary>One connection a question: an agent may ask its user before it answers, and questions come rarely.</summary>
    private byte[] Ask(ReadOnlySpan<byte> message, byte expected)
    {
        using Stream stream = Open();
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, message.Length);
        stream.Write([.. length, .. message]);
        stream.ReadExactly(length);
        uint size = BinaryPrimitives.ReadUInt32BigEndian(length);
        if (size is 0 or > MostBytes)
        {
            throw new IOException($"the agent's answer has {size} bytes");
        }

        byte[] answer = new byte[size];
        stream.ReadExactly(answer);
        return answer[0] == expected ? answer[1..] : throw new IOException("the agent refused");
    }

    private Stream Open()
    {
        if (OperatingSystem.IsWindows())
        {
            var pipe = new NamedPipeClientStream(".", address[(address.LastIndexOf('\\') + 1)..], PipeDirection.InOut);
            try
            {
                pipe.Connect(1000);
                return pipe;
            }
            catch (Exception e) when (e is TimeoutException or IOException or UnauthorizedAccessException)
            {
                pipe.Dispose();
                throw new IOException("no agent answers", e);
            }
        }

#pragma warning disable CA2000 // the stream owns it
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
#pragma warning restore CA2000
        try
        {
            socket.ReceiveTimeout = socket.SendTimeout = (int)AnswerLimit.TotalMilliseconds;
            socket.Connect(new UnixDomainSocketEndPoint(address));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket.Dispose();
            throw new IOException("no agent answers", e);
        }
    }

    /// <summary>Reads a message's parts, and never beyond its end.</summary>
    private sealed class Reader(ReadOnlyMemory<byte> rest)
    {
        private ReadOnlyMemory<byte> _rest = rest;

        public uint Number() => BinaryPrimitives.ReadUInt32BigEndian(Take(4).Span);

        public byte[] Bytes()
        {
            uint length = Number();
            return length <= int.MaxValue ? Take((int)length).ToArray() : throw new IOException("the agent's answer is damaged");
        }

        private ReadOnlyMemory<byte> Take(int count)
        {
            if (count > _rest.Length)
            {
                throw new IOException("the agent's answer is damaged");
            }

            ReadOnlyMemory<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
