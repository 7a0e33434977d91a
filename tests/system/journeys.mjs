// Journeys as the stories tell them: made and started over the API, and what became of each contact on the way.
import { until } from './patience.mjs';

// A journey that is active: `nodes` are [id, kind, settings, exits], an exit that is a text alone is `next`.
export async function journey(api, name, nodes, rest = {}) {
  const definition = { nodes: nodes.map(([id, kind, settings = {}, exits]) => ({ id, kind, settings, ...(exits ? { exits: typeof exits === 'string' ? { next: exits } : exits } : {}) })), ...rest };
  const made = await api.post('/journeys', { name, definition });
  if (made.problems.length > 0) throw new Error(`${name} does not hold together: ${JSON.stringify(made.problems)}`);
  return api.post(`/journeys/${made.id}/activate`);
}

// "start next, pause next, bye"
export function path(story) {
  return story.steps.map((step) => (step.exit ? `${step.node_id} ${step.exit}` : step.node_id)).join(', ');
}

// Of each contact, by address: the last way through this journey with its steps, once `fits` holds for it.
export async function stories(api, journey, addresses, fits, seconds = 30) {
  const all = {};
  for (const address of addresses) {
    let last = null;
    try {
      all[address] = await until(`${address} to come that far`, async () => {
        const found = (await api.get(`/journeys/${journey.id}/executions?limit=100`)).items.find((execution) => execution.email === address);
        last = found ? await api.get(`/journeys/${journey.id}/executions/${found.id}`) : null;
        last?.messages.sort((a, b) => a.visit - b.visit);
        return last && fits(last) && last;
      }, seconds);
    } catch (error) {
      throw new Error(`${error.message}: ${JSON.stringify(last)}`);
    }
  }
  return all;
}

export const at = (node) => (story) => story.node_id === node && ['waiting', 'active'].includes(story.status);
export const ended = (story) => ['completed', 'exited'].includes(story.status);
export const held = (story) => story.held_at !== null;
