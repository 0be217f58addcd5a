import { setTimeout } from "node:timers/promises";
import { CloudRefusal, callCloud } from "../cloud-client";
import type { Properties } from "../plugin/property-values";

interface Answer {
  readonly status: number;
  readonly operation?: string;
}

interface OperationStatus {
  readonly status: "InProgress" | "Succeeded" | "Failed";
  readonly error?: { readonly code: string; readonly message: string };
}

const POLL_MS = 100;
const LIMIT_MINUTES = 30;
/** Azure/azure-sdk-for-go: sdk/azcore/policy (RetryOptions): three more attempts on 429, with growing pauses. */
const RETRIES = 3;
const FIRST_PAUSE_MS = 400;

/** An operation that Azure accepted and that then failed: what it made is there, in the state Failed. */
export class OperationFailed extends Error {
  override readonly name = "OperationFailed";
}

export const isNotFound = (error: unknown): boolean => error instanceof CloudRefusal && error.status === 404;

/** Azure Resource Manager as azure-native speaks to it. */
export class ArmClient {
  constructor(private readonly location: string) {}

  /** Undefined if there is no such resource. */
  async get(id: string, expand = ""): Promise<Properties | undefined> {
    try {
      return await this.ask<Properties>("Get", { id, ...(expand !== "" && { expand }) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw worded(error);
    }
  }

  async put(id: string, body: Properties, cancelled: AbortSignal): Promise<void> {
    try {
      const { operation } = await this.ask<Answer>("Put", { id, body });
      await this.finished(operation, cancelled);
    } catch (error) {
      throw worded(error);
    }
  }

  async delete(id: string, cancelled: AbortSignal): Promise<void> {
    try {
      const { operation } = await this.ask<Answer>("Delete", { id });
      await this.finished(operation, cancelled);
    } catch (error) {
      if (!isNotFound(error)) throw worded(error);
    }
  }

  private async finished(id: string | undefined, cancelled: AbortSignal): Promise<void> {
    const end = Date.now() + LIMIT_MINUTES * 60_000;
    while (id !== undefined) {
      const { status, error } = await this.ask<OperationStatus>("Operation", { id });
      if (status === "Succeeded") return;
      if (status === "Failed") throw new OperationFailed(`Code="${error?.code}" Message="${error?.message}"`);
      cancelled.throwIfAborted();
      if (Date.now() > end) throw new OperationFailed(`the operation ${id} did not end within ${LIMIT_MINUTES} minutes`);
      await setTimeout(POLL_MS);
    }
  }

  private async ask<T>(action: string, parameters: Readonly<Record<string, unknown>>): Promise<T> {
    for (let pause = FIRST_PAUSE_MS, left = RETRIES; ; pause *= 2, left--) {
      try {
        return await callCloud<T>("azure", action, { region: this.location, ...parameters });
      } catch (error) {
        if (!(error instanceof CloudRefusal) || error.status !== 429 || left === 0) throw error;
        await setTimeout(pause);
      }
    }
  }
}

const worded = (error: unknown): unknown =>
  error instanceof CloudRefusal
    ? new Error(`Status=${error.status} Code="${error.code}" Message="${error.message}"`, { cause: error })
    : error;
