/** What the team can look at. */
export type Topic = "inventory" | "todos" | "dependencies" | "tests";

/** All topics, in the order of a plan. */
const TOPICS: readonly Topic[] = ["inventory", "todos", "dependencies", "tests"];

/** What a goal in words asks for, as far as this team can tell. */
export interface GoalReading {
  /** What is looked at, in the order of {@link TOPICS}. */
  readonly topics: readonly Topic[];
  /** What the goal asks for and this team cannot do, and how the goal was taken; sentences. */
  readonly notes: readonly string[];
}

const TOPIC_WORDS: Readonly<Record<Topic, RegExp>> = {
  inventory:
    /\b(inventory|structure|languages?|lines of code|how (big|large)|overview|largest files?)\b/i,
  // "todo" alone is a subject of programs ("a todo app"), so a mark must be meant in so many words.
  todos:
    /\bTODOs?\b|\bFIXMEs?\b|\b(todos|fixmes|todo comments?|todo notes?|todo marks?)\b(?! (api|app|list))/,
  dependencies: /\b(dependenc(y|ies)|packages|imports?|node_modules|undeclared)\b/i,
  tests: /\b(tests?|testing|tested|test[ -]suite|failing|qa)\b/i,
};

const EVERYTHING =
  /\b(everything|overall|whole|entire|full|complete(ly)?|health(y)?|state|quality)\b|\b(inspect|examine|review|analy[sz]e|check|assess|audit|look at|report on|investigate|explore|describe|understand)\s+(?:(?:this|the|my|our|a|an)\s+)?(?:[\w-]+\s+)?(?:project|folder|repo(?:sitory)?|code ?base|code|package|app|application|api|library)\b(?!['’]s)/i;

const ONLY = /\b(only|just|nothing but|solely)\b/i;

interface Impossible {
  readonly words: RegExp;
  readonly note: string;
}

const IMPOSSIBLE: readonly Impossible[] = [
  {
    words:
      /\b(build|create|make|write|implement|develop|add|generate|design|scaffold|document)\s+(?:(?:me|us|a|an|the|my|our|some|new|more|missing)\s+)*[\w-]+/i,
    note: "writing or building software: this team looks at a project and runs its tests, it writes nothing",
  },
  {
    words:
      /\b(fix|repair|refactor|rewrite|rename|remove|delete|clean up|improve|optimi[sz]e|migrate|convert|port|upgrade|bump|format)\b/i,
    note: "changing the project: this team changes no file",
  },
  {
    words: /\b(deploy|release|publish|commit|push|merge|ship)\b/i,
    note: "releasing or deploying: this team has no access to anything outside the folder",
  },
  {
    words: /\b(vulnerab\w*|cve|security|outdated|newer versions?|latest versions?)\b/i,
    note: "looking up known vulnerabilities or newer versions: this team asks no registry or database",
  },
  {
    words: /\b(performance|benchmark\w*|speed|fast(er)?|slow|profil\w+|load[ -]test\w*)\b/i,
    note: "measuring performance: this team runs tests only",
  },
  {
    words: /\bcoverage\b/i,
    note: "measuring coverage: this team reads which tests pass, not what they cover",
  },
  {
    words: /\b(code[ -]review|review|design|architecture|readab\w+|style)\b/i,
    note: "judging design or style: this team knows rules that can be checked, not taste",
  },
];

/** The name of a package or project: words joined by hyphens, or with a scope. `fast-uri` asks for no speed. */
const NAME = /@[\w.-]+\/[\w.-]+|\b\w+(?:-\w+)+/g;

/** Joined by hyphens too, and no name. */
const NO_NAME =
  /^(test-suites?|well-tested|code-reviews?|load-test\w*|clean-up|speed-up|(todo|fixme)-\w+)$/i;

/** A part of a goal that takes something out: "without running the tests". */
const EXCLUSION =
  /\b(?:without|don['’]?t|do not|no need to|skip|except(?: for)?|but not|ignore|leave out)\s+((?:[\w-]+\s+){0,3}[\w-]+)/gi;

/**
 * Reads a goal. One that names topics gets those; one that is general, or asks for what this team cannot do, gets
 * all of them, and a note. English words only, and none of those that names consist of; a goal in which nothing is known is taken as general, with a note.
 */
export function readGoal(goal: string): GoalReading {
  return readPlainGoal(goal.replace(NAME, (name) => (NO_NAME.test(name) ? name : "it")));
}

function readPlainGoal(goal: string): GoalReading {
  const excludedText = [...goal.matchAll(EXCLUSION)].map((found) => found[1] ?? "").join(" ");
  const wanted = goal.replace(EXCLUSION, " ");
  const excluded = TOPICS.filter((topic) => TOPIC_WORDS[topic].test(excludedText));
  const impossible = IMPOSSIBLE.filter(({ words }) => words.test(wanted)).map(({ note }) => note);
  const named = TOPICS.filter((topic) => TOPIC_WORDS[topic].test(wanted));
  const isGeneral = named.length === 0 || EVERYTHING.test(wanted) || changesThings(wanted);
  const isNarrow = named.length > 0 && (ONLY.test(wanted) || !isGeneral);
  const topics = (isNarrow ? named : TOPICS).filter((topic) => !excluded.includes(topic));
  return {
    topics,
    notes: [
      ...impossible.map((note) => `the goal asks for what this team cannot do: ${note}`),
      ...(excluded.length > 0 ? [`left out because the goal says so: ${excluded.join(", ")}`] : []),
      ...understandingNotes(named, wanted, impossible.length > 0),
      ...(isNarrow ? [`the goal names ${named.join(", ")}, so only that was looked at`] : []),
    ],
  };
}

function changesThings(goal: string): boolean {
  return IMPOSSIBLE.slice(0, 3).some(({ words }) => words.test(goal));
}

function understandingNotes(
  named: readonly Topic[],
  goal: string,
  isImpossible: boolean,
): readonly string[] {
  if (isImpossible && changesThings(goal)) return ["instead, the project was looked at as it is"];
  if (named.length > 0 || isImpossible || EVERYTHING.test(goal)) return [];
  return ["the goal names nothing this team knows, so everything it can look at was looked at"];
}
