/** A published number, and how it is measured again. */

/** What one seed of an experiment gives. */
export type SeedOutcome =
  | { readonly kind: 'measured'; readonly value: number }
  /** The training diverged, or whatever else kept it from a number. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface Experiment {
  readonly id: string;
  /** Paper, section, and the settings where they are not the paper's. */
  readonly source: string;
  /** What is measured, with its unit. */
  readonly quantity: string;
  /** As printed, or undefined where the source prints none for these settings. */
  readonly published: string | undefined;
  /** The mean over seeds has to lie in it. */
  readonly accept: readonly [lowest: number, highest: number];
  /** A rough idea of one seed on one core. */
  readonly expectedMinutes: number;
  /** `report` takes lines on how it goes. */
  run(seed: number, report: (line: string) => void): Promise<SeedOutcome>;
}
