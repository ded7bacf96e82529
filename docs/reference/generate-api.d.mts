/** The page of an API's description. */
export function apiPage(document: unknown): Promise<string>;
