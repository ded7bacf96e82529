/** The reference of the command line as Markdown, made from the program. */
export declare function cliReference(): Promise<string>;
