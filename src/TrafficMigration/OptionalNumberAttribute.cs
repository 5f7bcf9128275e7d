using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Lets a number be missing in a CSV file: PowerShell makes 0 of empty text, and that is another thing than not known.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OptionalNumberAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is string text && string.IsNullOrWhiteSpace(text) ? null! : inputData;
}
