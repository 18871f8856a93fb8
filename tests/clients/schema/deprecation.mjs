// What is deprecated says what to use instead and until when it stays:
//
//   @deprecated(reason: "Use `fee`. Removed after 2027-06-30.")

const FORM = /^\S.*\. Removed after (\d{4}-\d{2}-\d{2})\.$/s;

/** Whether the text is a day of the calendar. */
export const isDay = (text) => {
  const at = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
};

export default {
  meta: {
    type: 'suggestion',
    docs: { description: 'a deprecation says what to use instead and until when it stays' },
    messages: { form: 'must end in a day: "Use `other`. Removed after 2027-06-30."' },
    schema: [],
  },
  create: (context) => ({
    'Directive[name.value=deprecated]'(node) {
      const reason = node.arguments?.find((argument) => argument.name.value === 'reason');
      const day = FORM.exec(reason?.value.value ?? '')?.[1];
      if (!day || !isDay(day)) context.report({ node, messageId: 'form' });
    },
  }),
};
