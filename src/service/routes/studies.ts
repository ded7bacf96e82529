/** Studies: listed, made, shown, changed, deleted. */
import type { FastifyRequest } from "fastify";
import { UsageError } from "../../core/index.js";
import type { StudyHeader } from "../../core/index.js";
import { createOptions } from "../create-request.js";
import type { CreateBody } from "../create-request.js";
import { createCommandLine, createScript } from "../equivalents.js";
import { ServiceError } from "../problem.js";
import { resourcesOf, shown } from "../resources.js";
import type { ServiceContext, ServiceRoutes } from "../routes.js";
import { maySee } from "../security/scopes.js";
import { problemResponse } from "../schemas/problem.js";
import {
  createRequest,
  deleteRequest,
  respacedStudy,
  spaceChangePlan,
  studiesQuery,
  studyChange,
  studyDetail as detailSchema,
  studyList,
  studyPlan,
} from "../schemas/studies.js";
import type { RespacedStudy, SpaceChangePlan, StudyPlan } from "../schemas/studies.js";
import { studyParams } from "../schemas/values.js";
import { z } from "zod";
import { studyDetail } from "../study-detail.js";

const tags = ["studies"];

export const studiesRoutes: ServiceRoutes = (app, context) => {
  const { host } = context;
  const { live, list } = resourcesOf(context);

  app.get(
    "/studies",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listStudies", tags, summary: "Every study in brief, by name" },
        querystring: studiesQuery,
        response: { 200: studyList },
      },
    },
    async ({ identity, query }) => {
      const { studies, unread } = await list.all((name) => maySee(identity, name));
      const wanted = query.archived === undefined ? null : query.archived === "true";
      const chosen = studies.filter(({ archived_at }) => wanted === null || (archived_at !== null) === wanted);
      return { studies: chosen, unread };
    },
  );

  app.post(
    "/studies",
    {
      config: { scope: "run", limit: "large" },
      schema: {
        operationId: "createStudy",
        tags,
        summary: "Make a study, over a model or for trials from outside; with `dry_run` only say what it would be",
        body: createRequest,
        response: {
          200: z
            .union([detailSchema, studyPlan, respacedStudy, spaceChangePlan])
            .describe("It is there with the same settings, or searches another space; or the plan"),
          201: detailSchema.describe("Made"),
          403: problemResponse(
            "It names files, and the service was not started with --allow; or the name is not this token's",
          ),
          409: problemResponse(
            "It is there with other settings: `differences` names them; a change of its space while it is run: `being-optimized`",
          ),
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      requireOwnStudies(request, body);
      const options = await createOptions(body);
      if (body.space_change) return respaced(request, context, options);
      if (body.dry_run) {
        const plan = await planned(context, body, options);
        requireVisible(request, plan.name);
        return plan;
      }
      if (body.name === undefined && request.identity?.studies)
        requireVisible(request, await plannedName(context, options));
      const { created, name } = await host.create(options);
      const detail = await live.use(name, studyDetail);
      reply.header("location", `${context.prefixOf(request)}/api/v1/studies/${encodeURIComponent(name)}`);
      return reply.code(created ? 201 : 200).send(detail);
    },
  );

  app.get(
    "/studies/:study",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "getStudy", tags, summary: "A study without its trials" },
        params: studyParams,
        response: { 200: detailSchema },
      },
    },
    async ({ params }) => live.use(params.study, studyDetail),
  );

  app.patch(
    "/studies/:study",
    {
      config: { scope: "run" },
      schema: {
        ...{ operationId: "changeStudy", tags, summary: "Change note, archive, user attributes" },
        params: studyParams,
        body: studyChange,
        response: { 200: detailSchema },
      },
    },
    async ({ params: { study: name }, body: { note, archived, user_attrs = {} } }) =>
      live.use(name, async (study) => {
        if (note !== undefined || archived !== undefined) {
          const change = { ...(note === undefined ? {} : { note }), ...(archived === undefined ? {} : { archived }) };
          const { note: now, archived_at } = await host.command(name, { type: "annotate-study", change });
          await shown(
            study.view,
            ({ header }) => (header.note ?? "") === now && (header.archived_at ?? null) === archived_at,
          );
        }
        for (const [key, value] of Object.entries(user_attrs)) {
          await host.command(name, { type: "set-user-attr", key, value });
          const text = JSON.stringify(value);
          await shown(study.view, ({ header }) => JSON.stringify(header.user_attrs[key]) === text);
        }
        return studyDetail(study);
      }),
  );

  app.delete(
    "/studies/:study",
    {
      config: { scope: "admin" },
      schema: {
        ...{ operationId: "deleteStudy", tags, summary: "Delete a study with all that belongs to it" },
        params: studyParams,
        body: deleteRequest,
        response: {
          204: z.undefined().describe("It is gone"),
          409: problemResponse("It is being written: `study-locked`"),
        },
      },
    },
    async ({ params, body }, reply) => {
      const { study } = params;
      // An unknown study is told before a wrong confirmation of one.
      await host.get(study).catch((error: unknown) => {
        if ((error as { code?: string }).code === "unknown-study") throw error;
      });
      if (body.confirm !== study)
        throw new UsageError(
          "confirm-name",
          `nothing was deleted: confirm must be the study's name, ${JSON.stringify(study)}`,
        );
      await host.remove(study);
      return reply.code(204).send();
    },
  );
};

/** Has a study search another space, or says what would change. */
async function respaced(
  { body, identity }: FastifyRequest & { readonly body: CreateBody },
  context: ServiceContext,
  options: Record<string, unknown>,
): Promise<RespacedStudy | SpaceChangePlan> {
  // Which one is meant may depend on studies that are none of this token's.
  if (body.name === undefined && identity?.studies)
    throw new ServiceError("forbidden", 403, "this token is for some studies: name the one that is meant");
  const dryRun = body.dry_run === true;
  const { name, change, revision } = await context.host.changeSpace(options, { dryRun });
  if (dryRun) return { valid: true, name, space_change: change as SpaceChangePlan["space_change"] };
  return resourcesOf(context).live.use(name, async (study) => {
    await shown(study.view, (state) => state.revision >= revision);
    return { ...studyDetail(study), space_change: change as RespacedStudy["space_change"] };
  });
}

/** @throws ServiceError `forbidden` for studies that are none of this token's. */
function requireOwnStudies(request: FastifyRequest, { name, from }: CreateBody): void {
  for (const study of [name, typeof from === "object" ? from.name : from])
    if (study !== undefined) requireVisible(request, study);
}

function requireVisible({ identity }: FastifyRequest, study: string): void {
  if (!maySee(identity, study)) throw new ServiceError("forbidden", 403, "this token is for other studies");
}

async function headerOf({ host }: ServiceContext, options: Record<string, unknown>): Promise<StudyHeader> {
  return (await host.plan(options))["header"] as StudyHeader;
}

async function plannedName(context: ServiceContext, options: Record<string, unknown>): Promise<string> {
  return (await headerOf(context, options)).name;
}

async function planned(
  context: ServiceContext,
  body: CreateBody,
  options: Record<string, unknown>,
): Promise<StudyPlan> {
  const { params, warnings, fixed: askedFixed, ...plan } = await context.host.plan(options);
  const { name, objectives, space, task, sampler, pruner, settings } = plan["header"] as StudyHeader;
  const exists = await context.host.storage.exists(name);
  return {
    ...{
      valid: true,
      name,
      exists,
      objectives,
      space,
      fixed: task.params ?? {},
      asked_fixed: { ...askedFixed },
      task: { ...task },
    },
    ...{ sampler, pruner, settings: { ...settings }, params: Object.keys(params).length > 0 ? params : null },
    warnings,
    ...{ command_line: createCommandLine(body, context.storageDir), python: createScript(body, name) },
  };
}
