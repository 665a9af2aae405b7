import { create } from "@bufbuild/protobuf";
import type { FieldViolation } from "../../base/errors.ts";
import type {
  Acceptance,
  ComponentSelector,
  FrontierType,
  ProposalSelection,
  ReferenceConfig,
} from "../../domain/reference-config.ts";
import type { ReferenceConfigRequest } from "../../domain/spec-request.ts";
import {
  type ReferenceConfig as ProtoReferenceConfig,
  ReferenceConfigSchema,
  ReferenceSamplingSchema,
} from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { fieldsOf } from "./fields-of.ts";

/** What the contract's rules can not say of the knobs at `path`: a "top_k" needs its number, and a number a "top_k". */
export function referenceFaults(config: ProtoReferenceConfig | undefined, path: string): FieldViolation[] {
  if (config === undefined) return [];
  const { proposalSelection, proposalTopK } = config;
  if ((proposalSelection === "top_k") === (proposalTopK !== undefined)) return [];
  const description =
    proposalTopK === undefined
      ? 'is missing; proposal_selection "top_k" needs to know how many'
      : 'is given without proposal_selection "top_k", which alone heeds it';
  return [{ field: `${path}.proposal_top_k`, description }];
}

/** The knobs of the profile `reference` as a caller sent them; free of {@link referenceFaults}. */
export function referenceRequest(config: ProtoReferenceConfig): ReferenceConfigRequest {
  const {
    frontierType,
    componentSelector,
    acceptance,
    proposalSelection,
    proposalTopK,
    sampling,
    ...others
  } = fieldsOf(config);
  return {
    ...others,
    // The contract's rules let only these names through.
    ...(frontierType !== "" && { frontierType: frontierType as FrontierType }),
    ...(componentSelector !== "" && { componentSelector: componentSelector as ComponentSelector }),
    ...(acceptance !== "" && { acceptance: acceptance as Acceptance }),
    ...(proposalSelection !== "" && { proposalSelection: selectionOf(proposalSelection, proposalTopK) }),
    ...(sampling !== undefined && { sampling: fieldsOf(sampling) }),
  };
}

function selectionOf(kind: string, k: number | undefined): ProposalSelection {
  return k === undefined ? { kind: kind as "all" | "best" } : { kind: "top_k", k };
}

/** Resolved knobs, in the form a caller could send again. */
export function protoReferenceConfig(config: ReferenceConfig): ProtoReferenceConfig {
  const { sampling, proposalSelection, reflectionTemplates, ...others } = config;
  return create(ReferenceConfigSchema, {
    ...others,
    sampling: create(ReferenceSamplingSchema, sampling),
    proposalSelection: proposalSelection.kind,
    ...(proposalSelection.kind === "top_k" && { proposalTopK: proposalSelection.k }),
    reflectionTemplates: { ...reflectionTemplates },
  });
}
