/** An error that the API told, worded as the provider shows it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  static fromAnswer(status: number, text: string): ApiError {
    const { message, data } = parseAnswer(text);
    const details = (data ?? []).map(({ user = "", errors = [] }) => `\nuser: ${user}\nerror: ${errors.join("; ")}`);
    return new ApiError(status, `${message ?? text} (${status})${details.join("")}`);
  }
}

interface Answer {
  readonly message?: string;
  readonly data?: readonly { readonly user?: string; readonly errors?: readonly string[] }[];
}

/** The body of an error; empty if it is not JSON. */
function parseAnswer(text: string): Answer {
  try {
    return (JSON.parse(text) as Answer | null) ?? {};
  } catch {
    return {};
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** The same error under the words of the resource that met it. */
export async function wrapped<T>(summary: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${summary}: ${(error as Error).message}`, { cause: error });
  }
}
