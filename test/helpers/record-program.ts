import * as pulumi from "@pulumi/pulumi";

/** One registration as the engine would get it; secrets masked. */
export interface Registration {
  readonly name: string;
  readonly type: string;
  readonly parent?: string;
  readonly inputs: Record<string, unknown>;
}

/** What the mocked engine answers for a resource's outputs, beyond its inputs. */
export type AnswerOutputs = (type: string, name: string) => Record<string, unknown>;

/**
 * Runs `program` under mocks and returns every registration, sorted by name and type. Import modules that use Pulumi
 * inside `program`: mocks must stand before the first of them is loaded.
 */
export async function recordProgram(answer: AnswerOutputs, program: () => Promise<Record<string, unknown>>, preview = false) {
  const registrations: Registration[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs }) => {
        registrations.push({ name, type, inputs: mask(inputs) as Record<string, unknown> });
        return { id: `${name}-id`, state: { ...(inputs as Record<string, unknown>), ...answer(type, name) } };
      },
      call: ({ token }) => {
        throw new Error(`the program called ${token}, which no test answers`);
      },
    },
    "hybrid-k3s",
    "golden",
    preview,
  );
  const outputs = await program();
  // Mocked registrations run on the event loop; the runtime knows when none is left.
  await pulumi.runtime.disconnect();
  registrations.sort((a, b) => (a.name + a.type < b.name + b.type ? -1 : 1));
  return { registrations, outputs };
}

const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Replaces secret wrappers, and keeps text readable: a rendered script is its export lines and a note on the rest. */
function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === "string") return shorten(value);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
}

function shorten(text: string): string {
  const script = text.indexOf("\n#!/");
  return script === -1 ? text : `${text.slice(0, script + 1)}[script]`;
}
