import { rsaBits } from "../../../src/config/values/ssh-host-key";
import { CloudError } from "../contract";
import { type JsonObject, at, checkChoice, invalidParameter, isObject, listAt, requireText, textAt, textsAt } from "./json";

/** learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile: names that no administrator may have. */
const RESERVED_USERS = `administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console
  david guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5`.split(/\s+/);
const CUSTOM_DATA_BYTES = 65_535;
const COMPUTER_NAME = /^(?=.{1,64}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#sshpublickey */
const LEAST_RSA_BITS = 2048;

/** learn.microsoft.com/azure/virtual-machines/spot-vms#limitations */
const FAMILIES_WITHOUT_SPOT = ["B"];

export function checkOsProfile(body: JsonObject): void {
  const path = "properties.osProfile";
  const computerName = requireText(body, `${path}.computerName`);
  if (!COMPUTER_NAME.test(computerName)) {
    throw new CloudError(
      "InvalidParameter",
      `Linux host name cannot exceed 64 characters in length, contain the following characters: \` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : ' " , < > / ?, or end in a dash or period; got '${computerName}'.`,
    );
  }
  const user = requireText(body, `${path}.adminUsername`);
  if (RESERVED_USERS.includes(user.toLowerCase())) {
    throw invalidParameter("osProfile.adminUsername", "The Admin Username specified is not allowed.");
  }
  checkLogin(body, `${path}.linuxConfiguration`, textAt(body, `${path}.adminPassword`), user);
  const customData = textAt(body, `${path}.customData`);
  if (customData !== "") decodeCustomData(customData);
}

export function decodeCustomData(customData: string): string {
  const bytes = Buffer.from(customData, "base64");
  if (bytes.toString("base64") !== customData)
    throw invalidParameter(
      "osProfile.customData",
      "Custom data in OSProfile must be in Base64 encoding and with a maximum length of 87380 characters.",
    );
  if (bytes.length > CUSTOM_DATA_BYTES)
    throw invalidParameter(
      "osProfile.customData",
      `Custom data in OSProfile is ${bytes.length} bytes long; the maximum is ${CUSTOM_DATA_BYTES} bytes.`,
    );
  return bytes.toString();
}

function checkLogin(body: JsonObject, path: string, password: string, user: string): void {
  const keys = listAt(body, `${path}.ssh.publicKeys`).filter(isObject);
  const isPasswordOff = at(body, `${path}.disablePasswordAuthentication`) === true;
  if (!isPasswordOff && password === "") throw invalidParameter("adminPassword", "Required parameter 'adminPassword' is missing (null).");
  if (isPasswordOff && password !== "")
    throw invalidParameter(
      "adminPassword",
      "Authentication using either SSH or by user name and password must be enabled in Linux profile; a password was given although it is disabled.",
    );
  if (isPasswordOff && keys.length === 0)
    throw invalidParameter(
      "linuxConfiguration.ssh.publicKeys",
      "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
    );
  for (const key of keys) {
    const file = `/home/${user}/.ssh/authorized_keys`;
    if (textAt(key, "path") !== file)
      throw invalidParameter(
        "linuxConfiguration.ssh.publicKeys.path",
        `Destination path for SSH public keys is currently limited to its default value ${file}  due to a known issue in Linux provisioning agent.`,
      );
    // learn.microsoft.com/azure/virtual-machines/linux/mac-create-ssh-keys: RSA of at least 2048 bits and Ed25519, nothing else.
    const line = textAt(key, "keyData");
    if (!/^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]+=*( .*)?\s*$/.test(line) || (rsaBits(line) ?? LEAST_RSA_BITS) < LEAST_RSA_BITS)
      throw invalidParameter(
        "linuxConfiguration.ssh.publicKeys.keyData",
        "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.",
      );
  }
}

export const isSpot = (body: JsonObject): boolean => textAt(body, "properties.priority") === "Spot";

export function checkSpot(body: JsonObject, family: string): void {
  checkChoice(body, "properties.priority", ["Regular", "Spot"]);
  checkChoice(body, "properties.evictionPolicy", ["Deallocate", "Delete"]);
  const price = at(body, "properties.billingProfile.maxPrice");
  if (!isSpot(body)) {
    if (price !== undefined) throw invalidParameter("billingProfile", "Max price can only be set on Azure Spot Virtual Machines.");
    if (textAt(body, "properties.evictionPolicy") !== "")
      throw invalidParameter("evictionPolicy", "Eviction policy can be set only on Azure Spot Virtual Machines.");
    return;
  }
  if (price !== undefined && price !== -1 && !(typeof price === "number" && price > 0))
    throw invalidParameter("billingProfile.maxPrice", `The max price ${JSON.stringify(price)} is neither greater than zero nor -1.`);
  if (FAMILIES_WITHOUT_SPOT.includes(family))
    throw new CloudError(
      "OperationNotAllowed",
      `Azure Spot Virtual Machines are not supported for the VM size '${textAt(body, "properties.hardwareProfile.vmSize")}'.`,
      409,
    );
}

export function checkDisk(body: JsonObject): void {
  const path = "properties.storageProfile.osDisk";
  requireText(body, `${path}.createOption`);
  if (textAt(body, `${path}.createOption`) !== "FromImage")
    throw new CloudError("NotAvailableInLab", "machines of the lab start from images: createOption must be FromImage");
  checkChoice(body, `${path}.deleteOption`, ["Delete", "Detach"]);
  checkChoice(body, `${path}.caching`, ["None", "ReadOnly", "ReadWrite"]);
  checkChoice(body, `${path}.managedDisk.storageAccountType`, [
    "Standard_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
  ]);
  const size = at(body, `${path}.diskSizeGB`);
  if (size !== undefined && !(typeof size === "number" && Number.isInteger(size) && size >= 1 && size <= 4095)) {
    throw invalidParameter("osDisk.diskSizeGB", `Disk size ${JSON.stringify(size)} is not between 1 and 4095 GB.`);
  }
}

export function checkMachineZones(body: JsonObject): void {
  if (textsAt(body, "zones").length > 1)
    throw new CloudError("InvalidParameter", "A virtual machine can be in one availability zone only. Target: 'zones'.");
}
