import { graphql } from 'react-relay';

// The page, its list of providers that loads more at its end, and each provider's free slots that are loaded by `node`.

export const page = graphql`
  query ProviderListQuery($organization: String!, $filter: ProviderFilter, $count: Int = 10, $cursor: Cursor) {
    organization(slug: $organization) {
      id
      displayName
    }
    ...ProviderList_query @arguments(organization: $organization, filter: $filter, count: $count, cursor: $cursor)
  }
`;

export const list = graphql`
  fragment ProviderList_query on Query
  @argumentDefinitions(
    organization: { type: "String!" }
    filter: { type: "ProviderFilter" }
    count: { type: "Int", defaultValue: 10 }
    cursor: { type: "Cursor" }
  )
  @refetchable(queryName: "ProviderListPaginationQuery") {
    providers(organizationSlug: $organization, filter: $filter, first: $count, after: $cursor)
      @connection(key: "ProviderList_providers") {
      streamCursor
      edges {
        node {
          id
          ...ProviderList_provider
        }
      }
    }
  }
`;

export const provider = graphql`
  fragment ProviderList_provider on Provider
  @argumentDefinitions(count: { type: "Int", defaultValue: 3 }, cursor: { type: "Cursor" })
  @refetchable(queryName: "ProviderListSlotsQuery") {
    displayName
    specialties {
      displayName
    }
    locations {
      id
      displayName
      timeZone
    }
    slots(first: $count, after: $cursor) @connection(key: "ProviderList_slots") {
      edges {
        node {
          ...ProviderList_slot
        }
      }
    }
  }
`;

export const slot = graphql`
  fragment ProviderList_slot on Slot {
    id
    startsAt
    localDate
    localStart
    status
    version
  }
`;

// Booking and cancelling give the changed objects back: the store has them at once.

export const book = graphql`
  mutation ProviderListBookMutation($input: BookSlotInput!) {
    bookSlot(input: $input) {
      booking {
        id
        status
        version
        slot {
          ...ProviderList_slot
        }
      }
      alternatives {
        ...ProviderList_slot
      }
      availabilityVersion
      userErrors {
        code
        field
        message
      }
    }
  }
`;

export const changes = graphql`
  subscription ProviderListChangesSubscription($organization: String!, $after: Cursor) {
    slotChanges(organizationSlug: $organization, after: $after) {
      __typename
      ... on StreamItem {
        cursor
      }
      ... on SlotChange {
        kind
        slot {
          ...ProviderList_slot
        }
      }
      ... on Resync {
        reason
      }
    }
  }
`;
