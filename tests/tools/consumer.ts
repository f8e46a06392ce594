// What a frontend writes against the generated types: it compiles, and its mistakes do not.
import type {
  CountByStatusQuery,
  CreateMutationVariables,
  FailureFragment,
  NodesQuery,
  OperationsQuery,
  OperationsQueryVariables,
  OperationStatus,
} from './operations';
import type { InviteParticipantsOperation, QueryInviteParticipantsOperationsArgs } from './schema';

export const unfinished: OperationsQueryVariables = {
  first: 20,
  filter: {
    status: { in: ['NotStarted', 'Running'] },
    participants: { some: { identity: { phone: { id: { in: ['+12345678901'] } } } } },
    not: { resultInfo: { code: { gte: 400 } } },
  },
  orderBy: [{ status: 'DESC' }, { resultInfo: { code: 'ASC_NULLS_LAST' } }],
};

export const invitation: CreateMutationVariables = {
  input: {
    callId: 'call-1',
    participants: [{ identity: { phone: { id: '+12345678901' } }, hidden: false }],
    additionalProperties: { origin: ['codegen', 1] },
  },
};

// @ts-expect-error: a status is one of four
export const unknownStatus: OperationStatus = 'Paused';

// @ts-expect-error: a participant has an identity
export const nobody: CreateMutationVariables = { input: { participants: [{ hidden: true }] } };

// @ts-expect-error: a list pages by number
export const wrongPage: QueryInviteParticipantsOperationsArgs = { first: 'all' };

// @ts-expect-error: an order has one key
export const twoKeys: OperationsQueryVariables = { orderBy: [{ id: 'ASC', status: 'ASC' }] };

export function names({ inviteParticipantsOperations: page }: OperationsQuery): string[] {
  return page.edges.flatMap(({ node }) =>
    node.participants.map(({ identity }) => {
      const person = identity.user ?? identity.guest ?? identity.phone;
      return person?.displayName ?? person?.id ?? 'unknown';
    }),
  );
}

// The failures that carry more have a case each; the rest, and those yet to come, say it in words.
export function explain(failure: FailureFragment): string {
  switch (failure.__typename) {
    case 'ConflictError':
      return `someone else made version ${failure.current.version.toFixed()}`;
    case 'AlreadyExistsError':
      return `${failure.current.id} exists and is ${failure.current.status}`;
    default:
      return `${failure.path.join('.')}: ${failure.message}`;
  }
}

export const statuses = ({ nodes }: NodesQuery): OperationStatus[] =>
  nodes.flatMap((node) => (node === null ? [] : [node.status]));

export const counts = ({ groups }: CountByStatusQuery): Map<OperationStatus | null, number> =>
  new Map(groups.map(({ status, count }) => [status, count]));

export const age = ({ createdAt }: Pick<InviteParticipantsOperation, 'createdAt'>): number =>
  Date.now() - Date.parse(createdAt);
