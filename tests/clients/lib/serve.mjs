// One process for each client: a scenario comes in as a line of JSON, what came of it goes out as one.
import { createInterface } from 'node:readline';

export async function serve(scenarios) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { scenario, ...spec } = JSON.parse(line);
    let outcome;
    try {
      outcome = await scenarios[scenario](spec);
    } catch (error) {
      outcome = { crashed: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  }
  process.exit(0);
}
