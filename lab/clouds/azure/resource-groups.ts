import { CloudError } from "../contract";
import { textAt } from "./json";
import type { ResourceKind } from "./resource-kind";

/** Groups; `removeAll` deletes what stands in one, which is what makes a group's deletion take its time. */
export const resourceGroups = (removeAll: (groupId: string) => Promise<void>): ResourceKind => ({
  accept: (id, body, previous) => {
    if (previous !== undefined && textAt(previous.body, "location") !== textAt(body, "location")) {
      throw new CloudError(
        "InvalidResourceGroupLocation",
        `Invalid resource group location '${textAt(body, "location")}'. The Resource group already exists in location '${textAt(previous.body, "location")}'.`,
        409,
      );
    }
    return { ...body, name: id.name };
  },
  remove: ({ id }) => removeAll(id.id),
  view: ({ body, state }) => ({ ...body, properties: { provisioningState: state } }),
});
