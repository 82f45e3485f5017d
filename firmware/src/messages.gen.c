/* Generated from host/contract/schema.ts by `npm run gen`; do not edit. */
#include "messages.gen.h"

uint32_t linnet_hello_request_pack(const struct linnet_hello_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_u16(&w, in->protocol);
    linnet_put_u16(&w, in->kernel_abi);
    linnet_put_u16(&w, in->intrinsic_set);
    linnet_put_u16(&w, in->descriptor_format);
    linnet_put_u32(&w, in->numerics);
    linnet_put_u32(&w, in->boot_epoch);
    linnet_put_u8(&w, in->reset_reason);
    linnet_put_u8(&w, in->flags);
    linnet_put_u16(&w, in->max_payload);
    linnet_put_u32(&w, in->kernel_memory_bytes);
    linnet_put_hash(&w, in->kernel_hash);
    linnet_put_string8(&w, in->node);
    linnet_put_string8(&w, in->runtime);
    linnet_put_string8(&w, in->engine);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_hello_request_unpack(const uint8_t *in, uint32_t length, struct linnet_hello_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->protocol = linnet_get_u16(&r);
    out->kernel_abi = linnet_get_u16(&r);
    out->intrinsic_set = linnet_get_u16(&r);
    out->descriptor_format = linnet_get_u16(&r);
    out->numerics = linnet_get_u32(&r);
    out->boot_epoch = linnet_get_u32(&r);
    out->reset_reason = linnet_get_u8(&r);
    out->flags = linnet_get_u8(&r);
    out->max_payload = linnet_get_u16(&r);
    out->kernel_memory_bytes = linnet_get_u32(&r);
    out->kernel_hash = linnet_get_hash(&r);
    out->node = linnet_get_string8(&r);
    out->runtime = linnet_get_string8(&r);
    out->engine = linnet_get_string8(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_hello_response_pack(const struct linnet_hello_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u16(&w, in->protocol);
    linnet_put_u16(&w, in->max_payload);
    linnet_put_u32(&w, in->train_samples);
    linnet_put_u32(&w, in->test_samples);
    linnet_put_string8(&w, in->node);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_hello_response_unpack(const uint8_t *in, uint32_t length, struct linnet_hello_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->protocol = linnet_get_u16(&r);
    out->max_payload = linnet_get_u16(&r);
    out->train_samples = linnet_get_u32(&r);
    out->test_samples = linnet_get_u32(&r);
    out->node = linnet_get_string8(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_announce_request_pack(const struct linnet_announce_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_mac(&w, in->mac);
    linnet_put_bytes(&w, in->announcement);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_announce_request_unpack(const uint8_t *in, uint32_t length, struct linnet_announce_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->mac = linnet_get_mac(&r);
    out->announcement = linnet_get_bytes(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_announce_response_pack(const struct linnet_announce_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_announce_response_unpack(const uint8_t *in, uint32_t length, struct linnet_announce_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_object_request_pack(const struct linnet_object_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_hash(&w, in->hash);
    linnet_put_u32(&w, in->offset);
    linnet_put_u16(&w, in->length);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_object_request_unpack(const uint8_t *in, uint32_t length, struct linnet_object_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->hash = linnet_get_hash(&r);
    out->offset = linnet_get_u32(&r);
    out->length = linnet_get_u16(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_object_response_pack(const struct linnet_object_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u32(&w, in->offset);
    linnet_put_bytes(&w, in->data);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_object_response_unpack(const uint8_t *in, uint32_t length, struct linnet_object_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->offset = linnet_get_u32(&r);
    out->data = linnet_get_bytes(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_sample_request_pack(const struct linnet_sample_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_u8(&w, in->split);
    linnet_put_u32(&w, in->index);
    linnet_put_u16(&w, in->offset);
    linnet_put_u16(&w, in->length);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_sample_request_unpack(const uint8_t *in, uint32_t length, struct linnet_sample_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->split = linnet_get_u8(&r);
    out->index = linnet_get_u32(&r);
    out->offset = linnet_get_u16(&r);
    out->length = linnet_get_u16(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_sample_response_pack(const struct linnet_sample_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u8(&w, in->label);
    linnet_put_u16(&w, in->offset);
    linnet_put_bytes(&w, in->data);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_sample_response_unpack(const uint8_t *in, uint32_t length, struct linnet_sample_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->label = linnet_get_u8(&r);
    out->offset = linnet_get_u16(&r);
    out->data = linnet_get_bytes(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_offer_request_pack(const struct linnet_offer_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_id(&w, in->model);
    linnet_put_u32(&w, in->version);
    linnet_put_u32(&w, in->contribution);
    linnet_put_u32(&w, in->length);
    linnet_put_hash(&w, in->hash);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_offer_request_unpack(const uint8_t *in, uint32_t length, struct linnet_offer_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->model = linnet_get_id(&r);
    out->version = linnet_get_u32(&r);
    out->contribution = linnet_get_u32(&r);
    out->length = linnet_get_u32(&r);
    out->hash = linnet_get_hash(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_offer_response_pack(const struct linnet_offer_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u32(&w, in->next_offset);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_offer_response_unpack(const uint8_t *in, uint32_t length, struct linnet_offer_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->next_offset = linnet_get_u32(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_upload_request_pack(const struct linnet_upload_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_u32(&w, in->offset);
    linnet_put_bytes(&w, in->data);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_upload_request_unpack(const uint8_t *in, uint32_t length, struct linnet_upload_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->offset = linnet_get_u32(&r);
    out->data = linnet_get_bytes(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_upload_response_pack(const struct linnet_upload_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u32(&w, in->next_offset);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_upload_response_unpack(const uint8_t *in, uint32_t length, struct linnet_upload_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->next_offset = linnet_get_u32(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_receipt_request_pack(const struct linnet_receipt_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_bytes(&w, in->receipt);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_receipt_request_unpack(const uint8_t *in, uint32_t length, struct linnet_receipt_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->receipt = linnet_get_bytes(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_receipt_response_pack(const struct linnet_receipt_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_receipt_response_unpack(const uint8_t *in, uint32_t length, struct linnet_receipt_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_ping_request_pack(const struct linnet_ping_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_u32(&w, in->token);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_ping_request_unpack(const uint8_t *in, uint32_t length, struct linnet_ping_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->token = linnet_get_u32(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_ping_response_pack(const struct linnet_ping_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u32(&w, in->token);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_ping_response_unpack(const uint8_t *in, uint32_t length, struct linnet_ping_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->token = linnet_get_u32(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_status_response_pack(const struct linnet_status_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    linnet_put_u8(&w, in->state);
    linnet_put_i16(&w, in->last_error);
    linnet_put_u32(&w, in->version);
    linnet_put_u32(&w, in->step);
    linnet_put_u32(&w, in->total_steps);
    linnet_put_u32(&w, in->heap_high_water_bytes);
    linnet_put_u32(&w, in->stack_high_water_bytes);
    linnet_put_u32(&w, in->bad_frames);
    linnet_put_u32(&w, in->residual_saturations);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_status_response_unpack(const uint8_t *in, uint32_t length, struct linnet_status_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    out->state = linnet_get_u8(&r);
    out->last_error = linnet_get_i16(&r);
    out->version = linnet_get_u32(&r);
    out->step = linnet_get_u32(&r);
    out->total_steps = linnet_get_u32(&r);
    out->heap_high_water_bytes = linnet_get_u32(&r);
    out->stack_high_water_bytes = linnet_get_u32(&r);
    out->bad_frames = linnet_get_u32(&r);
    out->residual_saturations = linnet_get_u32(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_log_request_pack(const struct linnet_log_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_u8(&w, in->level);
    linnet_put_bytes(&w, in->text);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_log_request_unpack(const uint8_t *in, uint32_t length, struct linnet_log_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->level = linnet_get_u8(&r);
    out->text = linnet_get_bytes(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_fault_request_pack(const struct linnet_fault_request *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_u8(&w, in->reason);
    linnet_put_u8(&w, in->state);
    linnet_put_u32(&w, in->pc);
    linnet_put_u32(&w, in->lr);
    linnet_put_u32(&w, in->cause);
    linnet_put_u32(&w, in->hard_fault);
    linnet_put_u32(&w, in->address);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_fault_request_unpack(const uint8_t *in, uint32_t length, struct linnet_fault_request *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->reason = linnet_get_u8(&r);
    out->state = linnet_get_u8(&r);
    out->pc = linnet_get_u32(&r);
    out->lr = linnet_get_u32(&r);
    out->cause = linnet_get_u32(&r);
    out->hard_fault = linnet_get_u32(&r);
    out->address = linnet_get_u32(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_fault_response_pack(const struct linnet_fault_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_fault_response_unpack(const uint8_t *in, uint32_t length, struct linnet_fault_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    return linnet_reader_status(&r);
}

uint32_t linnet_reset_response_pack(const struct linnet_reset_response *in, uint8_t *out, uint32_t capacity)
{
    struct linnet_writer w = linnet_writer(out, capacity);
    linnet_put_i16(&w, in->status);
    return linnet_writer_length(&w);
}

linnet_status_t linnet_reset_response_unpack(const uint8_t *in, uint32_t length, struct linnet_reset_response *out)
{
    struct linnet_reader r = linnet_reader(in, length);
    out->status = linnet_get_i16(&r);
    return linnet_reader_status(&r);
}
