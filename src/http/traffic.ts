/** What the transport tells the metrics, and what it serves of them. */
export interface Traffic {
  /** One request is over. `path` is a registered one or `other`. */
  answered(path: string, status: number): void
  /** Asked at each scrape. */
  watchInFlight(read: () => number): void
  readonly contentType: string
  exposition(): Promise<string>
}

/** What no route took: callers must not be able to make up label values. */
export const OTHER_PATH = 'other'
/** The caller went away before the answer was out; nginx counts that under this number too. */
export const CLIENT_CLOSED = 499
