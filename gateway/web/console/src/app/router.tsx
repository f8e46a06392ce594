import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router'

import { ListPage } from '../list/ListPage'
import { parseQuery, validateSearch, writeQuery } from '../list/search'
import { OperationPage } from '../operation/OperationPage'
import { OverviewPage } from '../overview/OverviewPage'
import { validateOverview } from '../overview/range'
import { Notice } from '../ui/Notice'
import { Shell } from './Shell'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <Notice title="There is nothing here">Choose a page above.</Notice>,
})

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: OverviewPage,
  validateSearch: validateOverview,
})

const list = createRoute({
  getParentRoute: () => root,
  path: '/operations',
  component: ListPage,
  validateSearch,
})

const operation = createRoute({
  getParentRoute: () => root,
  path: '/operations/$id',
  component: function Operation() {
    const { id } = operation.useParams()
    return <OperationPage key={id} id={id} />
  },
})

export const router = createRouter({
  routeTree: root.addChildren([overview, list, operation]),
  parseSearch: parseQuery,
  stringifySearch: writeQuery,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
