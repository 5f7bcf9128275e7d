namespace TrafficMigration.Prediction;

/// <summary>Refuses scenarios that mean nothing.</summary>
internal static class ScenarioCheck
{
    /// <summary>Checks every index and every figure.</summary>
    /// <exception cref="ArgumentException">One of them is out of its range; the message names it.</exception>
    public static void ThrowIfInvalid(Scenario scenario)
    {
        Check(scenario.Budget.ThrottleLimit, "Budget.ThrottleLimit");
        Check(scenario.Budget.MaxOutgoingPerHost, "Budget.MaxOutgoingPerHost");
        Check(scenario.Budget.MaxIncomingPerHost, "Budget.MaxIncomingPerHost");
        Check(scenario.Window?.Ticks, "Window");
        for (int i = 0; i < scenario.Hosts.Count; i++)
        {
            ScenarioHost host = scenario.Hosts[i];
            Check(host.LinkBitsPerSecond, $"Hosts[{i}].LinkBitsPerSecond");
            Check(host.BackgroundTxBitsPerSecond, $"Hosts[{i}].BackgroundTxBitsPerSecond");
            Check(host.BackgroundRxBitsPerSecond, $"Hosts[{i}].BackgroundRxBitsPerSecond");
        }

        for (int i = 0; i < scenario.Migrations.Count; i++)
        {
            Check(scenario.Migrations[i], scenario.Hosts.Count, $"Migrations[{i}].");
        }

        for (int i = 0; i < scenario.Flows.Count; i++)
        {
            ScenarioFlow flow = scenario.Flows[i];
            Check(flow.From, $"Flows[{i}].From", most: scenario.Migrations.Count - 1);
            Check(flow.To, $"Flows[{i}].To", most: scenario.Migrations.Count - 1);
            Check(flow.Host, $"Flows[{i}].Host", most: scenario.Hosts.Count - 1);
            Check(flow.BitsPerSecond, $"Flows[{i}].BitsPerSecond");
            int staying = (flow.From is null ? 1 : 0) + (flow.To is null ? 1 : 0);
            if (staying != (flow.Host is null ? 0 : 1))
            {
                throw new ArgumentException($"Flows[{i}] must have two migrations, or one and a host.");
            }
        }
    }

    private static void Check(ScenarioMigration migration, int hosts, string name)
    {
        Check(migration.Source, name + nameof(migration.Source), most: hosts - 1);
        Check(migration.Destination, name + nameof(migration.Destination), most: hosts - 1);
        Check((int)migration.Technique, name + nameof(migration.Technique), most: (int)Technique.Offline);
        Check(migration.MemoryBytes, name + nameof(migration.MemoryBytes));
        Check(migration.DirtyBytesPerSecond, name + nameof(migration.DirtyBytesPerSecond));
        Check(migration.WorkingSetBytes, name + nameof(migration.WorkingSetBytes));
        Check(migration.DowntimeLimit.Ticks, name + nameof(migration.DowntimeLimit));
        Check(migration.Connections, name + nameof(migration.Connections), least: 1);
        Check(migration.BandwidthLimitBitsPerSecond, name + nameof(migration.BandwidthLimitBitsPerSecond));
        Check(migration.DiskBytes, name + nameof(migration.DiskBytes));
        Check(migration.DiskCapacityBytes, name + nameof(migration.DiskCapacityBytes));
        Check(migration.DiskWriteBytesPerSecond, name + nameof(migration.DiskWriteBytesPerSecond));
        Check(migration.TxBitsPerSecond, name + nameof(migration.TxBitsPerSecond));
        Check(migration.RxBitsPerSecond, name + nameof(migration.RxBitsPerSecond));
        if (migration.SwitchesToPostCopy && migration.Technique != Technique.PreCopy)
        {
            throw new ArgumentException($"{name}{nameof(migration.SwitchesToPostCopy)} is for pre-copy only.");
        }
    }

    private static void Check(long? value, string name, long least = 0, long most = long.MaxValue)
    {
        if (value < least || value > most)
        {
            string range = most == long.MaxValue ? $"at least {least}" : $"from {least} to {most}";
            throw new ArgumentException($"{name} is {value}; it must be {range}.");
        }
    }
}
