using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using TrafficMigration.Migration;
using TrafficMigration.Migration.Adaptive;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>A journal that cannot be read again is worth nothing.</summary>
public sealed class JournalTests
{
    private static readonly NullabilityInfoContext Nullability = new();

    [Fact]
    public void A_decision_on_a_pre_copy_that_would_never_end_is_read_again()
    {
        var decision = new SwitchDecision
        {
            Time = DateTimeOffset.UnixEpoch, Switches = true, Pays = true, Cause = SwitchCause.NoConvergence, BytesRemaining = 1,
            DirtyBytesPerSecond = 2, PreCopyBitsPerSecond = 3, PostCopyBitsPerSecond = 4, PreCopyRemaining = null,
            PostCopyRemaining = TimeSpan.FromSeconds(5), PreCopyLossBitsPerSecond = 6, PostCopyLossBitsPerSecond = 7,
        };
        var entry = new JournalEntry
        {
            Event = new MigrationEvent { Time = DateTimeOffset.UnixEpoch, RunId = "run", Kind = MigrationEventKind.Decision, Switch = decision },
        };

        JournalEntry read = JsonSerializer.Deserialize<JournalEntry>(JsonSerializer.Serialize(entry, Journal.Format), Journal.Format)!;

        Assert.Equal(decision, read.Event.Switch);
    }

    [Fact]
    public void What_may_be_null_is_left_out_so_no_reader_requires_it()
    {
        HashSet<Type> types = Written(typeof(JournalEntry));

        Assert.Superset(new HashSet<Type> { typeof(SwitchDecision), typeof(JournalPlan), typeof(JournalResult), typeof(RunOptions) }, types);
        Assert.Empty(types.SelectMany(t => t.GetProperties())
            .Where(p => p.IsDefined(typeof(RequiredMemberAttribute)) && Nullability.Create(p).ReadState == NullabilityState.Nullable)
            .Select(p => $"{p.DeclaringType!.Name}.{p.Name}"));
    }

    /// <summary>The project's own types that are written where this one is.</summary>
    private static HashSet<Type> Written(Type root)
    {
        var seen = new HashSet<Type>();
        var left = new Stack<Type>([root]);
        while (left.TryPop(out Type? type))
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            foreach (Type argument in type.GetGenericArguments())
            {
                left.Push(argument);
            }

            if (type.Assembly == root.Assembly && !type.IsEnum && seen.Add(type))
            {
                foreach (PropertyInfo property in type.GetProperties())
                {
                    left.Push(property.PropertyType);
                }
            }
        }

        return seen;
    }
}
