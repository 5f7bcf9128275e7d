namespace TrafficMigration.Solving;

/// <summary>Lower bound of the worst relative load by weighing the links: for destinations that only some VMs may go to.</summary>
/// <remarks>
/// For weights p of the links that sum to 1, the worst relative load is at least the weighted mean of all relative
/// loads, and that is at least what every VM's cheapest allowed option adds to it (the Lagrangian dual of the LP
/// relaxation; Geoffrion 1974). The weights begin with those of the pooled relaxation and are improved by multiplicative
/// steps along the links' relative loads where every VM favours its cheaper options, by an exponential, so that
/// destinations that cost the same share it (Nesterov 2005); step lengths aim at the known assignment (Polyak 1969). A
/// destination's background may be counted only if some VM goes there, or if it does not exceed the optimum anyway; so
/// the bound climbs from one destination's background to the next.
/// </remarks>
internal sealed class LagrangianBound
{
    private const int Rounds = 400;
    private const int Patience = 10;

    // Sums of many positive doubles err by far less than this; the bound is lowered by it.
    private const double Safety = 1e-11;

    // Of the mean one.
    private const double LeastWeight = 1e-6;

    private readonly AssignmentModel _model;
    private readonly double _upper;
    private readonly bool[] _counted;
    private readonly double[] _weights;
    private readonly double[] _loads;
    private readonly double[] _costs;
    private double _softness = 0.25;

    private LagrangianBound(AssignmentModel model, IReadOnlyList<SourceFrontier> sources, double lower, double upper)
    {
        _model = model;
        _upper = upper;
        _counted = [.. Enumerable.Range(0, model.Destinations).Select(d => Relative(model.Sources + d, 0) <= lower)];
        _weights = new double[model.Links];
        _loads = new double[model.Links];
        _costs = new double[model.Destinations + 1];
        for (int link = 0; link < model.Links; link++)
        {
            double weight = link >= model.Sources ? 1 : Math.Max(LeastWeight, sources[link].PriceOfLoad(model.MaxLoad(link, lower)));
            _weights[link] = IsCounted(link) ? weight * model.Capacity[link] : 0;
        }
    }

    /// <summary>Raises a bound.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="bound">The bound to raise.</param>
    /// <param name="upper">The worst relative load of a known assignment.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A bound that holds, not below the given one and not above <paramref name="upper"/>.</returns>
    public static double Raise(AssignmentModel model, AssignmentBound bound, double upper, CancellationToken cancellationToken)
    {
        double lower = bound.Value;
        while (lower < upper)
        {
            var lagrangian = new LagrangianBound(model, bound.Sources, lower, upper);
            double next = Enumerable.Range(0, model.Destinations).Where(d => !lagrangian._counted[d])
                .Select(d => lagrangian.Relative(model.Sources + d, 0)).Append(upper).Min();
            double raised = Math.Min(next, lagrangian.Maximize(cancellationToken));
            if (raised <= lower)
            {
                break;
            }

            lower = raised;
            if (raised < next)
            {
                break;
            }
        }

        return lower;
    }

    private bool IsCounted(int link) => link < _model.Sources || _counted[link - _model.Sources];

    private double Relative(int link, long added) => (_model.Background[link] + added) / (double)_model.Capacity[link];

    private double Maximize(CancellationToken cancellationToken)
    {
        double best = 0;
        double[] bestWeights = [.. _weights];
        int sinceBest = 0;
        for (int round = 0; round < Rounds && best < _upper; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Normalize();
            double value = Evaluate();
            if (value > best)
            {
                (best, sinceBest) = (value, 0);
                _weights.CopyTo(bestWeights, 0);
            }
            else if (++sinceBest > Patience)
            {
                // Too far: from the best again, by shorter steps and with sharper preferences.
                sinceBest = 0;
                _softness /= 2;
                bestWeights.CopyTo(_weights, 0);
                continue;
            }

            double mean = _loads.Zip(_weights, (load, weight) => load * weight).Sum();
            double spread = _loads.Zip(_weights, (load, weight) => weight * (load - mean) * (load - mean)).Sum();
            if (spread == 0)
            {
                break;
            }

            double step = _softness * (_upper - value) / spread;
            for (int link = 0; link < _model.Links; link++)
            {
                _weights[link] *= Math.Exp(Math.Clamp(step * (_loads[link] - mean), -1, 1));
            }
        }

        return best * (1 - Safety);
    }

    private void Normalize()
    {
        double sum = _weights.Sum();
        for (int link = 0; link < _weights.Length; link++)
        {
            // A weight that vanished could not come back.
            _weights[link] = IsCounted(link) ? Math.Max(_weights[link] / sum, LeastWeight / _weights.Length) : 0;
        }
    }

    /// <summary>The bound for the current weights; leaves loads under the cheaper options behind.</summary>
    private double Evaluate()
    {
        double total = 0;
        for (int link = 0; link < _model.Links; link++)
        {
            _loads[link] = IsCounted(link) ? Relative(link, 0) : 0;
            total += _weights[link] * _loads[link];
        }

        double unit = _softness * _upper / _model.VMs / 10;
        for (int vm = 0; vm < _model.VMs; vm++)
        {
            double cost = Costs(vm);

            // Nothing is left for this VM: no assignment is below the next background, or the known worst load.
            if (double.IsInfinity(cost))
            {
                return double.PositiveInfinity;
            }

            total += cost;
            Share(vm, cost, unit);
        }

        return total / _weights.Sum();
    }

    /// <summary>What a VM's options cost, by its post-copy destinations, pre-copy last; the least of it.</summary>
    /// <remarks>An option that by itself exceeds the known assignment is none: without it nothing better is lost.</remarks>
    private double Costs(int vm)
    {
        int source = _model.Source[vm];
        int[] destinations = _model.PostCopyDestinations[_model.UnitOf[vm]];
        double least = _model.CanPreCopy[vm] && Relative(source, _model.Tx[vm]) <= _upper
            ? _weights[source] * _model.Tx[vm] / _model.Capacity[source]
            : double.PositiveInfinity;
        _costs[destinations.Length] = least;
        for (int i = 0; i < destinations.Length; i++)
        {
            int link = _model.Sources + destinations[i];
            bool isOption = _model.CanPostCopy[vm] && IsCounted(link) && Relative(link, _model.Rx[vm]) <= _upper;
            _costs[i] = isOption ? _weights[link] * _model.Rx[vm] / _model.Capacity[link] : double.PositiveInfinity;
            least = Math.Min(least, _costs[i]);
        }

        return least;
    }

    /// <summary>Adds a VM to the loads of its options, to the cheaper ones more.</summary>
    private void Share(int vm, double least, double unit)
    {
        int[] destinations = _model.PostCopyDestinations[_model.UnitOf[vm]];
        double sum = 0;
        for (int i = 0; i <= destinations.Length; i++)
        {
            _costs[i] = Math.Exp((least - _costs[i]) / unit);
            sum += _costs[i];
        }

        int source = _model.Source[vm];
        _loads[source] += _costs[destinations.Length] / sum * _model.Tx[vm] / _model.Capacity[source];
        for (int i = 0; i < destinations.Length; i++)
        {
            int link = _model.Sources + destinations[i];
            _loads[link] += _costs[i] / sum * _model.Rx[vm] / _model.Capacity[link];
        }
    }
}
