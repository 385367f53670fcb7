// What a link of an answer may lead to; what runs something is none for the parser of Markdown already.

/** The web, mail, or a file by its path, with a line and a column: `src/a.py:3:1`. */
export const HREF = /^(?:(?:https?|mailto):|[^:#?]*(?::\d+){0,2}(?:[#?].*)?$)/i;
