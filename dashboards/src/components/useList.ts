/** Lists that come page by page. */
import { useInfiniteQuery, type InfiniteData, type UseInfiniteQueryResult } from "@tanstack/react-query";

interface Page {
  items: unknown[];
  next_cursor?: string | null;
}

export interface List<P extends Page> {
  rows: P["items"];
  first: P | undefined;
  query: UseInfiniteQueryResult<InfiniteData<P>>;
}

/** `load` gets the cursor of the page wanted, undefined for the first. */
export function useList<P extends Page>(
  key: readonly unknown[],
  load: (cursor: string | undefined) => Promise<P>,
  enabled = true,
): List<P> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: P) => page.next_cursor ?? undefined,
    enabled,
    placeholderData: (before) => before,
  });
  return { rows: query.data?.pages.flatMap((page) => page.items) ?? [], first: query.data?.pages[0], query };
}
