using System.Buffers.Binary;

namespace TrafficMigration.Ssh;

/// <summary>A certificate for a user's key, apart from the key itself (OpenSSH's PROTOCOL.certkeys).</summary>
/// <param name="Type">Its type, for example <c>ssh-ed25519-cert-v01@openssh.com</c>.</param>
/// <param name="Blob">It as it travels on the wire.</param>
internal sealed record UserCertificate(string Type, ReadOnlyMemory<byte> Blob)
{
    private const string Mark = "-cert-v01";

    /// <summary>Reads a certificate's file; <see langword="null"/> if there is none, or something else in it.</summary>
    public static UserCertificate? Load(string path) =>
        PublicKeyFile.Read(path) is { } blob && KnownHost.TypeOf(blob) is var type && type.Contains(Mark, StringComparison.Ordinal)
            ? new UserCertificate(type, blob) : null;

    /// <summary>Whether it certifies a key. It repeats the key's own fields after a random number: type, number, key.</summary>
    public bool IsOf(ReadOnlySpan<byte> key)
    {
        string plain = KnownHost.TypeOf(key);
        ReadOnlySpan<byte> rest = AfterText(AfterText(Blob.Span));
        return plain.Length > 0 && Certified(plain) == Type && rest.StartsWith(AfterText(key));
    }

    /// <remarks><c>ssh-rsa</c> gains a domain, <c>sk-ssh-ed25519@openssh.com</c> has one.</remarks>
    private static string Certified(string type) =>
        type.Replace("@openssh.com", string.Empty, StringComparison.Ordinal) + Mark + "@openssh.com";

    private static ReadOnlySpan<byte> AfterText(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(bytes) is var length && length <= bytes.Length - sizeof(uint)
            ? bytes[(sizeof(uint) + (int)length)..] : [];
}
