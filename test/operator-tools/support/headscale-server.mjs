import http from "node:http";
import https from "node:https";

export const HEADSCALE_KEY = "hskey-0123456789.abcdefghijklmnop";

/** A node as headscale lists it; before 0.28 its tags have other names. */
export const headscaleNode = (id, name, tags, more = {}) => ({
  id: String(id),
  name,
  givenName: name,
  ipAddresses: [`100.64.0.${id}`],
  user: { id: "1", name: "somebody" },
  tags,
  online: true,
  availableRoutes: [],
  approvedRoutes: [],
  ...more,
});

/**
 * headscale's REST interface as far as the tools use it (contract: test/contract/headscale.test.ts), in the words of the release `minor`.
 * `faults` are served first: {method, path (a RegExp), times, status, body | hang: true}.
 */
export async function startHeadscale({ minor = 26, tlsOptions } = {}) {
  const state = {
    minor,
    version: `v0.${minor}.1`,
    nodes: [],
    users: [],
    keys: [],
    policy: undefined,
    isFile: false,
    calls: [],
    faults: [],
    expired: [],
  };
  const is28 = () => state.minor >= 28;
  const serve = (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => answer(request, response, body === "" ? undefined : JSON.parse(body)));
  };
  const server = tlsOptions ? https.createServer(tlsOptions, serve) : http.createServer(serve);

  function answer(request, response, body) {
    const { pathname: path, searchParams } = new URL(request.url, "http://headscale");
    state.calls.push(`${request.method} ${path}`);
    const reply = (status, content) => {
      response.writeHead(status);
      response.end(typeof content === "string" ? content : JSON.stringify(content));
    };
    // gRPC's code for a plain Go error is 2, Unknown, which its gateway answers with 500.
    const refuse = (message, status = 500, code = 2) => reply(status, { code, message, details: [] });
    const fault = state.faults.find((one) => one.times > 0 && one.method === request.method && one.path.test(path));
    if (fault) {
      fault.times -= 1;
      if (!fault.hang) reply(fault.status, fault.body ?? "injected");
      return;
    }
    if (path === "/version") return state.minor >= 27 ? reply(200, { version: state.version }) : reply(404, "404 page not found\n");
    if (path === "/swagger/v1/openapiv2.json")
      return reply(200, { paths: { [state.minor >= 26 ? "/api/v1/node/{nodeId}/approve_routes" : "/api/v1/routes"]: {} } });
    if (request.headers.authorization !== `Bearer ${HEADSCALE_KEY}`) return reply(state.minor >= 27 ? 401 : 500, "Unauthorized");
    const found = /^\/api\/v1\/node\/(\d+)/.exec(path)?.[1];
    const node = state.nodes.find(({ id }) => id === found);
    if (found && !node) return is28() ? refuse("node not found", 404, 5) : refuse("record not found");
    switch (`${request.method} ${path.replace(/\/\d+/, "/ID")}`) {
      case "GET /api/v1/node":
        return reply(200, { nodes: state.nodes.map(shown) });
      case "GET /api/v1/node/ID":
        return reply(200, { node: shown(node) });
      case "DELETE /api/v1/node/ID":
        state.nodes = state.nodes.filter((other) => other !== node);
        return reply(200, {});
      case "POST /api/v1/node/ID/approve_routes":
        node.approvedRoutes = body.routes;
        return reply(200, { node: shown(node) });
      case "POST /api/v1/node/ID/tags":
        Object.assign(node, "tags" in node ? { tags: body.tags } : { forcedTags: body.tags });
        return reply(200, { node: shown(node) });
      case "GET /api/v1/user":
        return reply(200, { users: state.users.filter(({ name }) => !searchParams.has("name") || name === searchParams.get("name")) });
      case "POST /api/v1/user":
        state.users.push({ id: String(state.users.length + 1), name: body.name });
        return reply(200, { user: state.users.at(-1) });
      case "DELETE /api/v1/user/ID":
        state.users = state.users.filter(({ id }) => !path.endsWith(`/${id}`));
        return reply(200, {});
      case "POST /api/v1/preauthkey":
        if (!is28() && !state.users.some(({ id }) => id === body.user)) return refuse("user not found");
        state.keys.push({ id: String(state.keys.length + 1), key: `authkey-${state.keys.length + 1}-secret`, ...body });
        return reply(200, { preAuthKey: state.keys.at(-1) });
      case "POST /api/v1/preauthkey/expire": {
        const key = state.keys.find((one) => (is28() ? one.id === body.id : one.key === body.key && one.user === body.user));
        if (!key) return refuse(is28() ? "auth-key not found" : "AuthKey not found");
        state.expired.push(key.id);
        return reply(200, {});
      }
      case "GET /api/v1/policy":
        state.beforePolicyRead?.();
        if (state.policy === undefined) return refuse("loading ACL from database: acl policy not found");
        return reply(200, { policy: state.policy, updatedAt: state.isFile ? null : "2026-01-01T00:00:00Z" });
      case "PUT /api/v1/policy":
        if (state.isFile) return refuse("update is disabled for modes other than 'database'");
        if (/tag:undefined/.test(body.policy))
          return refuse('setting policy: parsing policy: Tag "tag:undefined" is not defined in the Policy');
        state.policy = body.policy;
        return reply(200, { policy: state.policy, updatedAt: "2026-01-01T00:00:00Z" });
    }
    reply(404, { code: 5, message: "Not Found", details: [] });
  }

  const shown = ({ tags, ...node }) => (is28() ? { ...node, tags } : { ...node, forcedTags: tags, validTags: [] });

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const loginServer = `${tlsOptions ? "https://localhost" : "http://127.0.0.1"}:${server.address().port}`;
  return {
    state,
    loginServer,
    /** The input's `tailnet` part. */
    access: (more = {}) => ({ mode: "headscale", loginServer, tag: "tag:k3s-edge", apiKey: HEADSCALE_KEY, ...more }),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
