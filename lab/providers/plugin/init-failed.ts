import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { type Properties, toStruct } from "./property-values";

/** The resource exists but is not what was asked for: the engine keeps it in state and looks again at the next `up`. */
export class ResourceInitFailed extends Error {
  override readonly name = "ResourceInitFailed";
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    reason: string,
    readonly inputs: Properties = {},
  ) {
    super(reason);
  }
}

/** As pulumi/pulumi: sdk/nodejs/provider/server.ts packs it. */
export function initFailedError({ id, outputs, inputs, message }: ResourceInitFailed): Partial<ServiceError> {
  const detail = new ErrorResourceInitFailed()
    .setId(id)
    .setProperties(toStruct(outputs))
    .setInputs(toStruct(inputs))
    .setReasonsList([message]);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const answer = new Status().setCode(status.UNKNOWN).setMessage(message).setDetailsList([packed]);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
  return { code: status.UNKNOWN, details: message, metadata };
}
