namespace TrafficMigration.Solving;

/// <summary>Proves an assignment of few VMs best, or finds a better one: depth-first branch and bound over the whole objective.</summary>
/// <remarks>
/// Three searches: the least worst load; then, the largest VMs first, the least objective vector; then, the VMs in the
/// order of the input and each one's options in the order of preference, the first assignment with that vector, which
/// is the one that the order of the VMs decides for.
/// </remarks>
internal sealed class ExactSearch
{
    // A node takes a tenth of a microsecond or so for each link.
    private const int MaxLinkNodes = 10_000_000;

    private readonly AssignmentModel _model;
    private readonly CancellationToken _cancellationToken;
    private readonly int[] _twin;
    private AssignmentState _best;
    private int _nodesLeft;

    /// <summary>Prepares a search.</summary>
    /// <param name="model">The problem.</param>
    /// <param name="incumbent">A complete state that obeys every constraint.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public ExactSearch(AssignmentModel model, AssignmentState incumbent, CancellationToken cancellationToken)
    {
        _model = model;
        _best = incumbent;
        _nodesLeft = MaxLinkNodes / Math.Max(1, model.Links);
        _cancellationToken = cancellationToken;
        _twin = [.. Enumerable.Range(0, model.Destinations).Select(Twin)];
    }

    private enum Goal
    {
        WorstLoad,
        Vector,
        FirstInOrder,
    }

    /// <summary>The best assignment found.</summary>
    public AssignmentState Best => _best;

    /// <summary>The least worst relative load, if it was proven.</summary>
    public double? LeastWorstLoad { get; private set; }

    /// <summary>Whether <see cref="Best"/> is proven best in every objective.</summary>
    public bool IsProven { get; private set; }

    /// <summary>Searches.</summary>
    /// <param name="worstBound">A lower bound of the worst relative load.</param>
    /// <param name="objectiveFor">The objective, once the least worst relative load is known.</param>
    public void Run(double worstBound, Func<double, AssignmentObjective> objectiveFor)
    {
        int[] largestFirst = [.. Enumerable.Range(0, _model.VMs).OrderByDescending(Size)];
        double worst = _best.WorstLoad();
        AssignmentState incumbent = _best;
        if (worst > worstBound && !Run(Goal.WorstLoad, new AssignmentObjective(_model, null), largestFirst))
        {
            return;
        }

        worst = _best.WorstLoad();
        LeastWorstLoad = worst;
        AssignmentObjective objective = objectiveFor(worst);
        _best = Better(incumbent, _best, objective);
        IsProven = Run(Goal.Vector, objective, largestFirst)
            && Run(Goal.FirstInOrder, objective, [.. Enumerable.Range(0, _model.VMs)]);
    }

    private static AssignmentState Better(AssignmentState a, AssignmentState b, AssignmentObjective objective) =>
        AssignmentObjective.Compare(objective.Vector(a), objective.Vector(b)) <= 0 ? a : b;

    /// <summary>Whether the search came to its end.</summary>
    private bool Run(Goal goal, AssignmentObjective objective, int[] order)
    {
        var walk = new Walk(this, goal, objective, order);
        walk.From(0);
        return !walk.IsCut;
    }

    private double Size(int vm) => Math.Max(
        _model.Tx[vm] / (double)_model.Capacity[_model.Source[vm]], _model.Rx[vm] / (double)_model.Capacity.Skip(_model.Sources).Max());

    /// <summary>The last destination before this one that is the same in every respect; -1 if there is none.</summary>
    private int Twin(int destination)
    {
        int twin = destination - 1;
        while (twin >= 0 && !(_model.Problem.Destinations[twin] == _model.Problem.Destinations[destination]
            && _model.AllowedMask.All(allowed => allowed[twin] == allowed[destination])))
        {
            twin--;
        }

        return twin;
    }

    /// <summary>One walk through the tree.</summary>
    private sealed class Walk
    {
        private readonly ExactSearch _search;
        private readonly AssignmentModel _model;
        private readonly Goal _goal;
        private readonly AssignmentObjective _objective;
        private readonly int[] _order;
        private readonly ExactBound _bound;
        private readonly AssignmentState _state;
        private double[] _known;
        private bool _isFound;

        public Walk(ExactSearch search, Goal goal, AssignmentObjective objective, int[] order)
        {
            _search = search;
            _model = search._model;
            _goal = goal;
            _objective = objective;
            _order = order;
            _bound = new ExactBound(_model, objective, order);
            _state = new AssignmentState(_model);
            _known = objective.Vector(search._best);
            SetLimit();
        }

        /// <summary>Whether the nodes were used up.</summary>
        public bool IsCut => _search._nodesLeft <= 0;

        public void From(int position)
        {
            if (--_search._nodesLeft <= 0)
            {
                return;
            }

            if (_search._nodesLeft % 1024 == 0)
            {
                _search._cancellationToken.ThrowIfCancellationRequested();
            }

            if (position == _order.Length)
            {
                Keep();
                return;
            }

            int vm = _order[position];
            if (_model.CanPreCopy[vm])
            {
                Choose(vm, Technique.PreCopy, position);
            }

            if (_model.CanPostCopy[vm] && _state.PostCopies < _model.MaxPostCopy)
            {
                Choose(vm, Technique.PostCopy, position);
            }
        }

        private void Choose(int vm, Technique technique, int position)
        {
            int unit = _model.UnitOf[vm];
            _state.Choose(vm, technique);
            if (_state.DestinationOf[unit] >= 0)
            {
                if (technique == Technique.PreCopy || _model.TakesPostCopy(_state.DestinationOf[unit]))
                {
                    GoOn(position + 1);
                }
            }
            else
            {
                foreach (int d in _model.Allowed[unit])
                {
                    if (!HasEarlierTwin(d) && _state.Fits(unit, d))
                    {
                        _state.Place(unit, d);
                        GoOn(position + 1);
                        _state.Remove(unit);
                    }
                }
            }

            _state.Choose(vm, null);
        }

        private void GoOn(int position)
        {
            if (_isFound || IsCut)
            {
                return;
            }

            bool isPromising = _goal switch
            {
                Goal.WorstLoad => _bound.CanKeepLimit(_state, position, out _, out _),
                Goal.Vector => _bound.CompareWith(_state, position, _known) < 0,
                _ => _bound.CompareWith(_state, position, _known) <= 0,
            };
            if (isPromising)
            {
                From(position);
            }
        }

        private void Keep()
        {
            double[] vector = _objective.Vector(_state);
            int comparison = AssignmentObjective.Compare(vector, _known);
            if (_goal == Goal.FirstInOrder ? comparison <= 0 : comparison < 0)
            {
                _known = vector;
                _search._best = _state.Copy();
                _isFound = _goal == Goal.FirstInOrder;
                SetLimit();
            }
        }

        private void SetLimit()
        {
            double worst = _known[_objective.LinksAt];
            _bound.Limit(_goal == Goal.WorstLoad ? Math.BitDecrement(worst) : _objective.WorstLimit ?? worst);
        }

        private bool HasEarlierTwin(int destination)
        {
            int twin = _state.IsUsed(destination) ? -1 : _search._twin[destination];
            while (twin >= 0 && _state.IsUsed(twin))
            {
                twin = _search._twin[twin];
            }

            return twin >= 0;
        }
    }
}
