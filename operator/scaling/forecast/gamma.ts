/** The regularised incomplete gamma function, as in Press et al., Numerical Recipes, 3rd edition, 6.2. */

const MAX_TERMS = 500;
const PRECISION = 1e-9;

/** Lanczos' approximation of ln Γ(z), z > 0; relative error below 2e-10. */
export function logGamma(z: number): number {
  const shifted = z + 5.5;
  let series = 1.000000000190015;
  LANCZOS.forEach((coefficient, index) => {
    series += coefficient / (z + 1 + index);
  });
  return (z + 0.5) * Math.log(shifted) - shifted + Math.log((2.506628274631 * series) / z);
}

const LANCZOS = [
  76.18009172947146, -86.5053203294168, 24.01409824083091, -1.231739572450155, 0.001208650973866, -0.00000539523938495,
];

/** Q(a, x): the probability that a Gamma variable of shape `a` and scale 1 is larger than `x`. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const factor = Math.exp(-x + a * Math.log(x) - logGamma(a));
  // Rounding must not make the result negative.
  return x < a + 1 ? Math.max(0, 1 - factor * seriesOf(a, x)) : factor * fractionOf(a, x);
}

function seriesOf(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MAX_TERMS && term > sum * PRECISION; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Lentz' method. */
function fractionOf(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MAX_TERMS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / nonZero(numerator * d + b);
    c = nonZero(b + numerator / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return fraction;

  function nonZero(value: number): number {
    return Math.abs(value) < tiny ? tiny : value;
  }
}
