using System.Numerics;

namespace TrafficMigration.Solving;

/// <summary>Order statistics without sorting.</summary>
internal static class Selection
{
    /// <summary>The value that exactly <paramref name="rank"/> others would precede by falling size. Reorders the values.</summary>
    /// <remarks>Hoare's FIND (Communications of the ACM 4(7), 1961), the middle value as pivot.</remarks>
    public static T Largest<T>(Span<T> values, int rank)
        where T : INumber<T>
    {
        int from = 0;
        int to = values.Length - 1;
        while (from < to)
        {
            T pivot = values[from + ((to - from) / 2)];
            int i = from;
            int j = to;
            while (i <= j)
            {
                while (values[i] > pivot)
                {
                    i++;
                }

                while (values[j] < pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    i++;
                    j--;
                }
            }

            if (rank <= j)
            {
                to = j;
            }
            else if (rank >= i)
            {
                from = i;
            }
            else
            {
                break;
            }
        }

        return values[rank];
    }
}
