namespace TrafficMigration.Solving;

/// <summary>Leaves local optima: some VMs get other options by chance, local search goes on from there, and what is no worse is kept.</summary>
/// <remarks>Iterated local search (Lourenço, Martin and Stützle 2003), always from the best assignment so far.</remarks>
internal sealed class IteratedSearch
{
    private const int MaxRounds = 3_000;
    private const int MostChanged = 4;

    private readonly AssignmentModel _model;
    private readonly AssignmentObjective _objective;
    private readonly CancellationToken _cancellationToken;
    private readonly SplitMix64 _random = new(1);

    /// <summary>Prepares a search.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="objective">What is wanted.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public IteratedSearch(AssignmentModel model, AssignmentObjective objective, CancellationToken cancellationToken)
    {
        _model = model;
        _objective = objective;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Searches until the worst relative load is down to a bound, or the rounds or looks are used up.</summary>
    /// <param name="state">A complete state that obeys every constraint; it is changed.</param>
    /// <param name="worstBound">A lower bound of the worst relative load.</param>
    /// <param name="looks">How many moves may be looked at, roughly.</param>
    /// <returns>The best state found.</returns>
    public AssignmentState Run(AssignmentState state, double worstBound, long looks)
    {
        var local = new LocalSearch(_model, state, _objective, looks, _cancellationToken);
        local.RelieveLinks();
        AssignmentState best = state;
        double[] least = _objective.Vector(best);
        for (int round = 0; round < MaxRounds && local.LooksLeft > 0 && least[_objective.LinksAt] > worstBound; round++)
        {
            AssignmentState next = best.Copy();
            Disturb(next);
            // A round costs at least a look at every VM.
            local = new LocalSearch(_model, next, _objective, local.LooksLeft - _model.VMs, _cancellationToken);
            local.RelieveLinks();
            double[] vector = _objective.Vector(next);
            if (AssignmentObjective.Compare(vector, least) <= 0)
            {
                (best, least) = (next, vector);
            }
        }

        return best;
    }

    private void Disturb(AssignmentState state)
    {
        var trial = new MoveTrial(_model, state, _objective);
        int worst = Enumerable.Range(0, _model.Links).MaxBy(state.RelativeLoad);
        int[] there = [.. Enumerable.Range(0, _model.VMs).Where(v => LinkOf(state, v) == worst)];
        for (int left = 2 + _random.Next(MostChanged - 1); left > 0; left--)
        {
            int vm = left == 1 && there.Length > 0 ? there[_random.Next(there.Length)] : _random.Next(_model.VMs);
            bool post = _model.CanPostCopy[vm] && (!_model.CanPreCopy[vm] || _random.Next(2) == 0);
            int[] destinations = _model.Allowed[_model.UnitOf[vm]];
            trial.Begin();
            trial.Apply(new Move(vm, post ? Technique.PostCopy : Technique.PreCopy, destinations[_random.Next(destinations.Length)]));
        }
    }

    private int LinkOf(AssignmentState state, int vm) => state.TechniqueOf[vm] == Technique.PreCopy
        ? _model.Source[vm]
        : _model.Sources + state.DestinationOf[_model.UnitOf[vm]];
}
