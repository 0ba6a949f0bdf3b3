/**
 * An optimizer as data: what a job asks for and a checkpoint keeps.
 *
 *   ĝ = clip(Σ_samples g / samples) + weightDecay · θ,      rate = learningRate · factor(epochs)
 *
 * A rule then turns ĝ and the rate into a move of θ; ./catalogue.ts builds it.
 */
export interface OptimizerDescription {
  readonly rule: UpdateRule;
  readonly learningRates: LearningRates;
  /** L2, added to the gradient of weights and feedback weights, not of biases. */
  readonly weightDecay: number;
  readonly schedule: RateSchedule;
  readonly clipping: Clipping;
}

/** Finite numbers >= 0, before any schedule. A rate of 0 freezes a parameter: it neither moves nor remembers. */
export interface LearningRates {
  /** One per connection; `[]` where weights flip, which have no rate. */
  readonly weights: readonly number[];
  /** One per layer above the input. */
  readonly biases: readonly number[];
  /** One per connection, of which those that carry no feedback are not looked at; `[]` where feedback is symmetric. */
  readonly feedback: readonly number[];
}

export type UpdateRule =
  | { readonly kind: 'gradient-descent' }
  | MomentumRule<'momentum'>
  | MomentumRule<'nesterov'>
  | AdamRule
  | BinaryFlipRule;

export interface MomentumRule<Kind extends 'momentum' | 'nesterov'> {
  readonly kind: Kind;
  /** In [0, 1). */
  readonly momentum: number;
}

export interface AdamRule {
  readonly kind: 'adam';
  /** In [0, 1). */
  readonly firstMomentDecay: number;
  /** In [0, 1). */
  readonly secondMomentDecay: number;
  readonly epsilon: number;
}

/** For weights of one magnitude a connection; everything else moves by gradient descent. Takes no weight decay. */
export interface BinaryFlipRule {
  readonly kind: 'binary-flip';
  /** How much of the newest gradient enters the momentum, γ in (0, 1], one per connection. */
  readonly momentumGains: readonly number[];
  /** What the momentum against a weight's sign must exceed to flip it, τ >= 0, one per connection. */
  readonly thresholds: readonly number[];
}

/** How rates change over the epochs. `warmUpEpochs` lets them rise to that in a straight line from 0. */
export type RateSchedule = (
  | { readonly kind: 'constant' }
  /** Times `factor` after every so many epochs. */
  | { readonly kind: 'step'; readonly everyEpochs: number; readonly factor: number }
  | { readonly kind: 'exponential'; readonly factorPerEpoch: number }
  /** Down to `lowest`, a fraction of the base rate, in so many epochs, and there it stays. */
  | { readonly kind: 'cosine'; readonly epochs: number; readonly lowest: number }
) & { readonly warmUpEpochs?: number };

/** A bound on the mean gradient over the batch, before weight decay. */
export type Clipping =
  | { readonly kind: 'none' }
  /** Of all parameters that learn, taken together: a longer gradient is shortened to `limit`. */
  | { readonly kind: 'norm'; readonly limit: number }
  /** Of every entry by itself. */
  | { readonly kind: 'value'; readonly limit: number };
