// The other side of node.py: requests a line on stdin, answers a line on stdout, side by side.
//
//   {"id": 1, "target": 3, "do": "goto", "with": ["http://…"]}   →   {"id": 1, "value": …}
//                                                                or  {"id": 1, "error": "…"}

import { createInterface } from 'node:readline';

export async function answerAll(hello, carryOut) {
  const say = (message) => console.log(JSON.stringify(message));
  say({ id: 0, value: hello });
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, target, do: what, with: values = [] } = JSON.parse(line);
    carryOut(target, what, values).then(
      (value) => say({ id, value: value ?? null }),
      (error) => say({ id, error: String(error?.stack ?? error) }),
    );
  }
}
