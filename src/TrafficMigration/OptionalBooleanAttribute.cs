using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Lets a truth value come from a CSV file: PowerShell binds only real booleans, a file has text.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OptionalBooleanAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            string text when string.IsNullOrWhiteSpace(text) => null!,
            string text when bool.TryParse(text, out bool parsed) => parsed,
            _ => inputData,
        };
    }
}
