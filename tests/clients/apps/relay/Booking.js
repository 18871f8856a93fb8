import { graphql } from 'relay-runtime';

// The operations of ../operations.mjs.

export const freeSlots = graphql`
  query BookingFreeSlotsQuery($organization: String!, $window: WindowInput) {
    providers(organizationSlug: $organization, first: 5) {
      nodes {
        id
        displayName
        slots(first: 3, window: $window) {
          nodes {
            id
            startsAt
            localStart
            version
            services {
              id
              displayName
            }
          }
        }
      }
    }
  }
`;

export const book = graphql`
  mutation BookingBookMutation($input: BookSlotInput!) {
    bookSlot(input: $input) {
      booking {
        id
        status
        version
      }
      alternatives {
        id
      }
      userErrors {
        code
        message
        field
      }
    }
  }
`;

export const cancel = graphql`
  mutation BookingCancelMutation($input: CancelBookingInput!) {
    cancelBooking(input: $input) {
      booking {
        id
        status
      }
      userErrors {
        code
        message
      }
    }
  }
`;

export const missing = graphql`
  query BookingMissingQuery {
    organization(slug: "no-such-organization") @catch(to: RESULT) {
      displayName
    }
  }
`;
