// Says what each file of package.json's sizeBudget weighs, and fails if one weighs too much.
import { overBudget, weigh } from './weigh.mjs';

const weights = await weigh(new URL('../', import.meta.url));
for (const { name, bytes, gzipped, budget } of weights) {
  console.log(`${name}: ${bytes} bytes, ${gzipped} gzipped, of ${budget}`);
}
const over = overBudget(weights);
for (const { name, gzipped, budget } of over) {
  console.error(
    `${name} is ${gzipped - budget} bytes over its budget (sizeBudget in package.json)`,
  );
}
process.exitCode = over.length > 0 ? 1 : 0;
