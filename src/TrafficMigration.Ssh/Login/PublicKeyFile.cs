namespace TrafficMigration.Ssh;

/// <summary>Reads what <c>ssh-keygen</c> writes beside private keys: public keys and certificates, one in a file.</summary>
internal static class PublicKeyFile
{
    /// <summary>The key as it travels on the wire; <see langword="null"/> if there is none.</summary>
    public static byte[]? Read(string path)
    {
        try
        {
            string[] words = File.ReadAllText(path).Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
            return words.Length > 1 ? Convert.FromBase64String(words[1]) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }
}
