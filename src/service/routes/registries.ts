/** What studies can be made of. */
import { listComponents, listDatasets, listModels } from "../../app/views/registry-lists.js";
import type { ServiceRoutes } from "../routes.js";
import { datasetList, modelList, prunerList, samplerList } from "../schemas/registries.js";

const tags = ["registries"];

export const registriesRoutes: ServiceRoutes = (app) => {
  app.get(
    "/models",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listModels", tags, summary: "The models, what training takes, what can be an objective" },
        response: { 200: modelList },
      },
    },
    async () => listModels(),
  );
  app.get(
    "/datasets",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listDatasets", tags, summary: "The datasets" },
        response: { 200: datasetList },
      },
    },
    async () => ({ datasets: await listDatasets() }),
  );
  app.get(
    "/samplers",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listSamplers", tags, summary: "The samplers" },
        response: { 200: samplerList },
      },
    },
    async () => ({ samplers: await listComponents("sampler") }),
  );
  app.get(
    "/pruners",
    {
      config: { scope: "read" },
      schema: {
        ...{ operationId: "listPruners", tags, summary: "The pruners" },
        response: { 200: prunerList },
      },
    },
    async () => ({ pruners: await listComponents("pruner") }),
  );
};
