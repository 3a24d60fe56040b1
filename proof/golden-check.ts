import { CODE_CHANGES, changeFaults } from "../packages/waggle/test/golden/code-changes.ts";
import { historyFaults, readCorpus } from "../packages/waggle/test/golden/corpus.ts";
import type { ProcessCheck } from "./promise.ts";

/** Histories that were recorded once go on under the code of today as they did then. */
export const GOLDEN_HISTORIES: ProcessCheck = {
  name: "golden histories",
  run: async () => {
    const corpus = readCorpus();
    const faults: string[] = [];
    for (const history of corpus) faults.push(...(await historyFaults(history)));
    const tries = corpus.reduce((sum, { cuts }) => sum + cuts.length, 0);
    return {
      tries,
      failure: faults.length === 0 ? null : faults.slice(0, 5).join("; "),
      summary: `${tries} histories of ${corpus.length} recordings, ${faults.length} faults`,
    };
  },
};

/** Changes of the code under recorded runs: noticed before anything new happens, or harmless. */
export const CHANGED_CODE: ProcessCheck = {
  name: "changed code under recorded runs",
  run: async () => {
    const corpus = readCorpus();
    const faults: string[] = [];
    for (const change of CODE_CHANGES) faults.push(...(await changeFaults(change, corpus)));
    const caught = CODE_CHANGES.filter((change) => change.is === "caught").length;
    return {
      tries: CODE_CHANGES.length,
      failure: faults.length === 0 ? null : faults.slice(0, 5).join("; "),
      summary: `${caught} kinds of change to be caught, ${CODE_CHANGES.length - caught} harmless ones, ${faults.length} faults`,
    };
  },
};
