export {
  collaboration,
  eventNotification,
  finding,
  heartbeat,
  type Json,
  request,
  response,
  statusUpdate,
  taskRequest,
  taskResponse,
  urgent,
} from "./message-types.ts";
